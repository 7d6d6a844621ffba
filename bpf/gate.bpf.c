// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may connect to a guarded socket.
 *
 * Decides on the listener's inode and the caller's scope, both kernel objects, while the kernel
 * holds the connect; nothing of it can be renamed or exchanged in between. A connection that passes
 * is labelled at both ends: the mediator reads from its end whom it talks to, and the owner check
 * (request.bpf.c) holds the other end to its owner. What is said on the connection is not looked
 * at here.
 */
#include "event.bpf.h"
#include "guard.bpf.h"
#include <bpf/bpf_tracing.h>

/* The rule of each kind of socket. Every branch says who passes; what is left is refused. */
static __always_inline __u32 decide(__u32 kind, const struct subject *subject, bool planted)
{
	if (planted)
		return LATCH_REASON_PLANTED; /* not even latch itself talks to it */
	if (subject->self)
		return LATCH_REASON_SELF;
	switch (kind) {
	case LATCH_GUARD_PUBLIC:
	case LATCH_GUARD_DIRECT: /* what is said on it: request.bpf.c */
		if (subject->tag == LATCH_TAG_HOST)
			return LATCH_REASON_HOST;
		if (subject->tag == LATCH_TAG_ALLOWED)
			return LATCH_REASON_GRANT;
		return LATCH_REASON_CONTAINED;
	case LATCH_GUARD_HOST:
		if (subject->tag == LATCH_TAG_HOST)
			return LATCH_REASON_HOST;
		return LATCH_REASON_PRIVATE;
	case LATCH_GUARD_CONTROL:
		if (rules_latch(subject))
			return LATCH_REASON_HOST;
		return LATCH_REASON_PRIVATE;
	}
	return LATCH_REASON_PRIVATE; /* the engine's, latch's own, or a kind not known here */
}

static __always_inline bool passes(__u32 reason)
{
	return reason == LATCH_REASON_SELF || reason == LATCH_REASON_HOST ||
	       reason == LATCH_REASON_GRANT;
}

/* Made by a task in a container, whatever it is called and wherever it lies. */
static __always_inline bool is_planted(const struct latch_listener *label)
{
	return label && label->tag > LATCH_TAG_HOST;
}

/* A number for a connection. 0, which no connection has, cannot come: the map has one entry. */
static __always_inline __u64 next_id(void)
{
	__u32 zero = 0;
	__u64 *serial = bpf_map_lookup_elem(&latch_serial, &zero);

	return serial ? __sync_fetch_and_add(serial, 1) + 1 : 0;
}

static __always_inline bool label_end(
	struct sock *sk, __u32 end, __u32 kind, const struct subject *subject, __u64 id)
{
	struct latch_conn *conn;
	struct latch_scope *scope;

	conn = bpf_sk_storage_get(&latch_conns, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!conn)
		return false;
	conn->scope = subject->scope;
	conn->cgroup = subject->cgroup;
	conn->tag = subject->tag;
	conn->kind = kind;
	conn->end = end;
	conn->pid = bpf_get_current_pid_tgid() >> 32;
	conn->uid = bpf_get_current_uid_gid();
	conn->self = subject->self;
	conn->id = id;
	bpf_get_current_comm(conn->comm, sizeof(conn->comm));
	scope = bpf_map_lookup_elem(&latch_cgroups, &subject->scope);
	if (scope)
		__builtin_memcpy(conn->container, scope->container, sizeof(conn->container));
	return true;
}

static __always_inline void report(
	const struct guard *guard, const struct subject *subject, __u32 reason, int verdict)
{
	struct latch_event *event;

	/* The mediator connects to the engine once for every client: that is not news. */
	if (reason == LATCH_REASON_SELF)
		return;
	event = event_begin(LATCH_EVENT_CONNECT, subject);
	if (!event)
		return;
	event->kind = guard->kind;
	event->ino = guard->ino;
	event->reason = reason;
	event->verdict = verdict;
	bpf_ringbuf_submit(event, 0);
}

SEC("lsm/unix_stream_connect")
int BPF_PROG(latch_gate, struct sock *sock, struct sock *other, struct sock *newsk)
{
	struct latch_listener *label = bpf_sk_storage_get(&latch_listeners, other, 0, 0);
	struct guard guard = guard_of(other, label);
	struct subject subject = {};
	__u32 reason;
	int verdict = 0;
	__u64 id;

	if (guard.kind == LATCH_GUARD_NONE)
		return 0;
	subject_of_current(&subject);
	reason = decide(guard.kind, &subject, is_planted(label));
	if (!passes(reason)) {
		if (enforcing())
			verdict = -EPERM;
		else if (!auditing()) /* there the reason stands beside a verdict that passes */
			reason = LATCH_REASON_MODE_OFF;
	}
	id = next_id();
	/* Labels are written in both modes: a connection outlives a change of mode. */
	if (!verdict && (!label_end(sock, LATCH_END_CLIENT, guard.kind, &subject, id) ||
				!label_end(newsk, LATCH_END_SERVER, guard.kind, &subject, id))) {
		count(LATCH_COUNT_CONN_FAILED);
		/* Without a label nobody would know later whose connection it is. */
		if (enforcing())
			verdict = -EPERM;
		if (verdict || auditing())
			reason = LATCH_REASON_NO_MEMORY;
	}
	count(verdict ? LATCH_COUNT_CONNECT_REFUSED : LATCH_COUNT_CONNECT_PASSED);
	report(&guard, &subject, reason, verdict);
	return hook_return(verdict);
}

/*
 * Who made a listener is written on it when it begins to listen, and whether it lies at a guarded
 * name: latch adopts and talks to sockets of the host alone, and a container that can write to the
 * engine's directory could put one there, or move the engine's away.
 */
SEC("lsm/socket_listen")
int BPF_PROG(latch_listen, struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	struct latch_listener *label;
	struct subject subject = {};

	if (!sk || sk->__sk_common.skc_family != AF_UNIX)
		return 0;
	subject_of_current(&subject);
	label = bpf_sk_storage_get(&latch_listeners, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!label) {
		count(LATCH_COUNT_LISTENER_FAILED);
		/* A container's listener without a label would pass for the host's. */
		return hook_return(subject.tag > LATCH_TAG_HOST && enforcing() ? -ENOMEM : 0);
	}
	label->tag = subject.tag;
	label->pid = bpf_get_current_pid_tgid() >> 32;
	label->kind = guard_of(sk, NULL).kind;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
