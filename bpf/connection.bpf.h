/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two ends of a guarded connection, and its end before its time.
 *
 * A condemned connection refuses every send and every read at both ends, for good: what is already
 * queued is not delivered either. Both labels carry the mark, for one end may be gone when the
 * other one looks.
 */
#ifndef LATCH_CONNECTION_BPF_H
#define LATCH_CONNECTION_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"
#include "subject.bpf.h"

/* The other end; NULL where there is none (any more). */
static __always_inline struct sock *peer_of(struct sock *sk)
{
	struct unix_sock *own = bpf_skc_to_unix_sock(sk);

	return own ? own->peer : NULL;
}

/* What the gate wrote on it; NULL for one that it has not seen. */
static __always_inline struct latch_conn *conn_of(struct sock *sk)
{
	struct latch_conn *conn = sk ? bpf_sk_storage_get(&latch_conns, sk, 0, 0) : NULL;

	return conn && conn->end != LATCH_END_NONE ? conn : NULL;
}

static __always_inline void condemn(struct sock *sk, struct latch_conn *conn)
{
	struct latch_conn *other = conn_of(peer_of(sk));

	conn->dead = 1;
	/* The peer of a client that is not the labelled one: somebody sits between. Not possible. */
	if (other && other->id == conn->id)
		other->dead = 1;
}

/* Has latchd, or whoever writes the map, asked for the end of this connection? */
static __always_inline bool is_cut(const struct latch_conn *conn)
{
	__u64 id = conn->id;
	struct latch_cut *cut = bpf_map_lookup_elem(&latch_cuts, &id);

	return cut && cut->cut;
}

#endif
