// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose a guarded connection is, at every send, and whether it is still one.
 *
 * A connected descriptor can change hands without a connect: by SCM_RIGHTS, pidfd_getfd, fork and
 * a move to another cgroup. So each send on a guarded connection compares the caller with the
 * label that the gate wrote. A container that has lost its grant is stopped here too: it sends
 * nothing more, reads nothing more, and gets nothing more. A connection that is condemned, by
 * request.bpf.c or by an entry of the map `cuts`, refuses at both ends from then on, reads as well.
 * What is sent is not looked at here.
 */
#include "connection.bpf.h"
#include "event.bpf.h"
#include "guard.bpf.h"
#include <bpf/bpf_tracing.h>

/* A connection that the gate labelled. */
static __always_inline __u32 decide_labelled(
	const struct latch_conn *conn, const struct subject *subject)
{
	if (conn->self)
		return subject->self ? LATCH_REASON_SELF : LATCH_REASON_OWNER;
	if (subject->scope != conn->scope)
		return LATCH_REASON_OWNER;
	if (conn->kind == LATCH_GUARD_CONTROL && rules_latch(subject))
		return LATCH_REASON_HOST;
	/* Made while nothing was enforced: what was said on it has not been followed. */
	if (conn->tag == LATCH_TAG_CONTAINED)
		return LATCH_REASON_CONTAINED;
	if (subject->tag == LATCH_TAG_CONTAINED)
		return LATCH_REASON_CONTAINED;
	return subject->tag == LATCH_TAG_ALLOWED ? LATCH_REASON_GRANT : LATCH_REASON_HOST;
}

/* One without a label: older than latch. The host keeps its own; nobody else has any. */
static __always_inline __u32 decide_unlabelled(const struct subject *subject)
{
	if (subject->self || subject->tag == LATCH_TAG_HOST)
		return LATCH_REASON_HOST;
	return LATCH_REASON_UNLABELLED;
}

static __always_inline void report(__u32 kind, const struct subject *subject, __u32 reason, int verdict)
{
	struct latch_event *event = event_begin(LATCH_EVENT_SEND, subject);

	if (!event)
		return;
	event->kind = kind;
	event->reason = reason;
	event->verdict = verdict;
	bpf_ringbuf_submit(event, 0);
}

/* Says once that a connection was condemned, and why. */
static __always_inline void report_cut(const struct latch_conn *conn, __u32 reason)
{
	struct latch_request *record = bpf_ringbuf_reserve(
		&latch_events, __builtin_offsetof(struct latch_request, head), 0);

	if (!record) {
		count(LATCH_COUNT_EVENT_LOST);
		return;
	}
	__builtin_memset(record, 0, __builtin_offsetof(struct latch_request, head));
	record->event.header.version = LATCH_ABI_VERSION;
	record->event.header.type = LATCH_EVENT_CUT;
	record->event.header.size = __builtin_offsetof(struct latch_request, head);
	record->event.header.time = bpf_ktime_get_boot_ns();
	record->event.cgroup = conn->cgroup;
	record->event.scope = conn->scope;
	record->event.tag = conn->tag;
	record->event.kind = conn->kind;
	record->event.pid = conn->pid;
	record->event.uid = conn->uid;
	record->event.reason = reason;
	record->event.verdict = enforcing() ? -EPERM : 0;
	record->mode = mode_now();
	__builtin_memcpy(record->event.comm, conn->comm, sizeof(conn->comm));
	__builtin_memcpy(record->event.container, conn->container, sizeof(conn->container));
	record->connection = conn->id;
	record->route = -1;
	bpf_ringbuf_submit(record, 0);
}

/* Is the connection over, whoever uses it? Where enforcement is off, nothing is. */
static __always_inline bool is_over(struct sock *sk, struct latch_conn *conn)
{
	if (!conn->dead && is_cut(conn)) {
		condemn(sk, conn);
		report_cut(conn, LATCH_REASON_CUT);
	}
	return conn->dead && enforcing();
}

/*
 * Has the container that made it lost its grant since? Its own sends are refused as those of every
 * contained caller; this ends what it reads, and what is sent to it.
 */
static __always_inline bool is_revoked(struct sock *sk, struct latch_conn *conn)
{
	__u64 id = conn->scope;
	struct latch_scope *scope;

	if (conn->tag != LATCH_TAG_ALLOWED || !enforcing())
		return false;
	scope = bpf_map_lookup_elem(&latch_cgroups, &id);
	if (!scope || scope->tag != LATCH_TAG_CONTAINED)
		return false;
	if (!conn->dead) {
		condemn(sk, conn);
		report_cut(conn, LATCH_REASON_CONTAINED);
	}
	return true;
}

/*
 * The label in which it is remembered what was said of a connection. One that is older than the gate gets one
 * for that alone, which decides nothing: whose it is, nobody knows.
 */
static __always_inline struct latch_conn *notes_of(struct sock *sk, struct latch_conn *conn)
{
	if (!conn)
		conn = bpf_sk_storage_get(&latch_conns, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!conn)
		count(LATCH_COUNT_CONN_FAILED); /* then it is said with every send */
	return conn;
}

/*
 * In audit mode a send that would be refused is said once a connection. Of a container that never had a grant
 * the connect was said.
 */
static __always_inline void note_send(struct sock *sk, struct latch_conn *conn, __u32 kind,
	const struct subject *subject, __u32 reason)
{
	if (!auditing())
		return;
	if (conn && reason == LATCH_REASON_CONTAINED && conn->tag == LATCH_TAG_CONTAINED)
		return;
	conn = notes_of(sk, conn);
	if (conn) {
		if (conn->noted)
			return;
		conn->noted = 1;
	}
	report(kind, subject, reason, 0);
}

/* A read at either end: the engine's, of what a condemned client queued, or the client's own. */
SEC("lsm/socket_recvmsg")
int BPF_PROG(latch_receive, struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct latch_conn *conn;

	if (!sk || sk->__sk_common.skc_family != AF_UNIX)
		return 0;
	conn = conn_of(sk);
	if (conn && (is_over(sk, conn) || is_revoked(sk, conn)))
		return hook_return(-EPERM);
	return 0;
}

/* May the caller send here? Returns 0 or -EPERM, and says so. */
static __always_inline int check_sender(struct sock *sk)
{
	struct latch_conn *conn;
	struct subject subject = {};
	__u32 kind, reason;

	if (!sk || sk->__sk_common.skc_family != AF_UNIX)
		return 0;
	conn = conn_of(sk);
	if (conn) {
		if (is_over(sk, conn))
			return -EPERM;
		if (conn->end == LATCH_END_SERVER) /* the engine or the mediator answers */
			return is_revoked(sk, conn) ? -EPERM : 0;
		kind = conn->kind;
		subject_of_current(&subject);
		reason = decide_labelled(conn, &subject);
	} else {
		/* The accepted end shares the listener's file, so the peer tells what this is. */
		struct sock *peer = peer_of(sk);

		if (!peer)
			return 0;
		kind = guard_of(peer, NULL).kind;
		if (kind == LATCH_GUARD_NONE)
			return 0;
		subject_of_current(&subject);
		reason = decide_unlabelled(&subject);
	}
	if (reason == LATCH_REASON_SELF || reason == LATCH_REASON_HOST ||
		reason == LATCH_REASON_GRANT)
		return 0;
	if (!enforcing()) {
		note_send(sk, conn, kind, &subject, reason);
		return 0;
	}
	count(LATCH_COUNT_SEND_REFUSED);
	report(kind, &subject, reason, -EPERM);
	return -EPERM;
}

SEC("lsm/socket_sendmsg")
int BPF_PROG(latch_send, struct socket *sock, struct msghdr *msg, int size)
{
	if (check_sender(sock->sk))
		return hook_return(-EPERM);
	return 0;
}

/*
 * Before 6.5 (dc97391e6610) splice and sendfile reach a socket without the send hook. Of them this one
 * is asked, as it is of every write to a file: so it is loaded on such kernels alone.
 */
SEC("?lsm/file_permission")
int BPF_PROG(latch_write, struct file *file, int mask)
{
	struct socket *sock;

	if (!(mask & MAY_WRITE))
		return 0;
	sock = bpf_sock_from_file(file);
	if (sock && check_sender(sock->sk))
		return hook_return(-EPERM);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
