// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an allowed container says on a guarded connection, request by request.
 *
 * Twice, by the same machine (http.h). Before a send the bytes are read in the sender's memory: that
 * is where a refusal can still be an error of send(). Another thread of the sender can change them
 * afterwards, so what the kernel then copied into its own queue is read as well, before the engine
 * can see it, and that reading is the one that counts: it moves the state on, writes the record
 * for the audit, and condemns the connection where it finds what was not shown.
 *
 * On the engine's own socket (direct transport) this is the enforcement: what `verdicts` refuses,
 * and whatever cannot be followed, is refused, and the connection is dead from then on. On latch's
 * public socket the mediator decides, on its own copy: here a refusal is only written down.
 * Not looked at: bodies, raw streams, and what the host says.
 */
#include "connection.bpf.h"
#include "event.bpf.h"
#include <bpf/bpf_tracing.h>

/* Bytes and segments of one send: the most that bpf_loop() does (include/linux/bpf.h). */
#define MAX_STEPS (1 << 23)
/* Bytes that one call of a loop's body takes: a call costs more than a byte. */
#define BYTES_A_STEP 32
/* Rows of one method and template that differ in a parameter. */
#define MAX_ALTERNATIVES 8

/* What the body of a loop is given. Constant while the loop runs: see struct latch_reading. */
struct subjects {
	struct sock *sk; /* the client's end */
	struct latch_conn *conn;
	struct latch_stream *stream;
};

struct judgement {
	__u32 generation;
	__u32 reason; /* enum latch_reason */
};

/*
 * Functions that are not static are verified once, by themselves, and not once for each path that
 * leads to a call: without them these programs are too large for the verifier. What comes in by
 * pointer may be NULL as far as it knows.
 */
__noinline int latch_http_step(struct http *http, __u32 byte)
{
	if (!http)
		return -LATCH_PROBLEM_MEMORY;
	return http_step(http, byte);
}

static __always_inline bool route_passes(__u32 generation, int route)
{
	__u32 index = generation * LATCH_MAX_ROUTES + route;
	struct latch_verdict *verdict = bpf_map_lookup_elem(&latch_verdicts, &index);

	return verdict && verdict->verdict == LATCH_VERDICT_PASS;
}

/* What the running policy says of a head. Returns enum latch_verdict_value. */
__noinline int latch_judge(const struct http *http, struct judgement *judgement)
{
	struct latch_state *state = state_get();
	int route;

	if (!http || !judgement)
		return LATCH_VERDICT_REFUSE;
	route = http->route;
	judgement->reason = LATCH_REASON_NO_ROUTE;
	judgement->generation = 0;
	if (!state || route < 0)
		return LATCH_VERDICT_REFUSE;
	judgement->reason = LATCH_REASON_ROUTE;
	judgement->generation = state->generation;
	if (!route_passes(state->generation, route))
		return LATCH_VERDICT_REFUSE;
	/*
	 * A form's values come before the query's, and the form is still to come: every meaning
	 * that it could give to the request must pass.
	 */
	if (http->flags & HTTP_FORM && route_reads_form(route)) {
		route = route_first(route);
		for (int i = 0; i < MAX_ALTERNATIVES && route >= 0; i++) {
			if (!route_passes(state->generation, route))
				return LATCH_VERDICT_REFUSE;
			route = route_next(route);
		}
		if (route >= 0)
			return LATCH_VERDICT_REFUSE; /* more than were looked at */
	}
	return LATCH_VERDICT_PASS;
}

__noinline int latch_fill(struct latch_request *record, const struct latch_conn *conn, __u32 type)
{
	struct latch_event *event = &record->event;

	if (!record || !conn)
		return -1;
	event->header.version = LATCH_ABI_VERSION;
	event->header.type = type;
	event->header.time = bpf_ktime_get_boot_ns();
	event->cgroup = conn->cgroup;
	event->scope = conn->scope;
	event->ino = 0;
	event->tag = conn->tag;
	event->kind = conn->kind;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->uid = bpf_get_current_uid_gid();
	event->verdict = 0;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	__builtin_memcpy(event->container, conn->container, sizeof(event->container));
	record->connection = conn->id;
	record->route = -1;
	record->generation = 0;
	record->mode = mode_now();
	record->verdict = LATCH_VERDICT_REFUSE;
	record->problem = LATCH_PROBLEM_NONE;
	return 0;
}

__noinline int latch_emit(struct latch_request *record, const struct http *http)
{
	__u32 stored;
	__u64 size;

	if (!record || !http)
		return -1;
	stored = http->size;
	record->size = stored;
	if (stored > LATCH_HEAD_SIZE)
		stored = LATCH_HEAD_SIZE;
	record->stored = stored;
	size = __builtin_offsetof(struct latch_request, head) + stored;
	record->event.header.size = size;
	barrier_var(size); /* or the bound is proved to clang and not to the verifier */
	if (size > sizeof(*record))
		return -1;
	if (bpf_ringbuf_output(&latch_events, record, size, 0))
		count(LATCH_COUNT_EVENT_LOST);
	return 0;
}

/*
 * The end of following: refused for good where this plane enforces, said in any case. Returns 1, for
 * loops to end with.
 */
static __noinline int give_up(struct subjects *subjects, struct latch_reading *reading,
	struct latch_request *record, const struct http *http, __u32 problem)
{
	if (!subjects || !reading || !record || !http)
		return 1;
	latch_fill(record, subjects->conn, LATCH_EVENT_REQUEST);
	record->event.reason = LATCH_REASON_UNFOLLOWED;
	record->problem = problem;
	reading->problem = problem;
	subjects->stream->lost = 1;
	if (reading->enforce) {
		record->event.verdict = -EPERM;
		reading->refused = 1;
		condemn(subjects->sk, subjects->conn);
	}
	latch_emit(record, http);
	count(LATCH_COUNT_UNFOLLOWED);
	return 1;
}

/*
 * A request that may end in a raw stream must be alone: which answer is its own is the question
 * that decides whether what follows is read at all.
 */
static __always_inline bool is_out_of_turn(__u64 owed, const struct http *http)
{
	return owed >= 63 || (owed && route_hijacks(http->route));
}

/* A head in the sender's memory. Returns 1 to end the reading. */
static __noinline int on_shown_head(struct subjects *subjects)
{
	struct latch_reading *reading;
	struct latch_stream *stream;
	struct latch_request *record;
	struct judgement judgement = {};
	struct http *http;

	if (!subjects)
		return 1;
	stream = subjects->stream;
	reading = &stream->reading_shown;
	record = &stream->record_shown;
	http = &stream->shown;
	if (is_out_of_turn(reading->requests - stream->answers, http))
		return give_up(subjects, reading, record, http, LATCH_PROBLEM_PIPELINED);
	if (stream->hashes_size < STREAM_SHOWN) {
		stream->hashes[stream->hashes_size & (STREAM_SHOWN - 1)] = http->hash;
		stream->hashes_size++;
	}
	reading->requests++;
	if (latch_judge(http, &judgement) == LATCH_VERDICT_PASS || !reading->enforce) {
		if (route_hijacks(http->route))
			http->flags |= HTTP_UPGRADES;
		return 0;
	}
	latch_fill(record, subjects->conn, LATCH_EVENT_REQUEST);
	record->event.reason = judgement.reason;
	record->event.verdict = -EPERM;
	record->generation = judgement.generation;
	record->route = http->route;
	latch_emit(record, http);
	count(LATCH_COUNT_REQUEST_REFUSED);
	reading->refused = 1;
	condemn(subjects->sk, subjects->conn);
	return 1;
}

/* A head in the kernel's queue. */
static __noinline int on_queued_head(struct subjects *subjects)
{
	struct latch_reading *reading;
	struct latch_stream *stream;
	struct latch_request *record;
	struct judgement judgement = {};
	struct http *http;
	bool shown;
	int verdict;
	__u32 at;

	if (!subjects)
		return 1;
	stream = subjects->stream;
	reading = &stream->reading_queued;
	record = &stream->record_queued;
	http = &stream->queued;
	if (is_out_of_turn(reading->requests - stream->answers, http))
		return give_up(subjects, reading, record, http, LATCH_PROBLEM_PIPELINED);
	at = stream->compared;
	/* Heads beyond those that are kept count as shown: the verdict below is theirs all the same. */
	shown = at >= STREAM_SHOWN || (at < stream->hashes_size &&
					      stream->hashes[at & (STREAM_SHOWN - 1)] == http->hash);
	if (at < STREAM_SHOWN)
		stream->compared = at + 1;

	verdict = latch_judge(http, &judgement);
	latch_fill(record, subjects->conn, LATCH_EVENT_REQUEST);
	record->event.reason = judgement.reason;
	record->generation = judgement.generation;
	record->verdict = verdict;
	record->route = http->route;
	if (!shown) {
		/* Whatever it asks for: who changes a request behind the check means harm. */
		record->event.header.type = LATCH_EVENT_TAMPERED;
		record->event.reason = LATCH_REASON_TAMPERED;
		count(LATCH_COUNT_TAMPERED);
	}
	if (reading->enforce && verdict != LATCH_VERDICT_PASS)
		reading->refused = 1;
	if (!shown && enforcing())
		reading->refused = 1;
	if (reading->refused) {
		record->event.verdict = -EPERM;
		/* Before it is queued: the engine's next read finds the mark. */
		condemn(subjects->sk, subjects->conn);
	}
	latch_emit(record, http);
	count(reading->refused ? LATCH_COUNT_REQUEST_REFUSED : LATCH_COUNT_REQUEST_PASSED);
	if (reading->refused)
		return 1;
	at = stream->requests & 63;
	if (http->method == HTTP_PACK('H', 'E', 'A', 'D', 0, 0, 0, 0))
		stream->heads_only |= 1ULL << at;
	else
		stream->heads_only &= ~(1ULL << at);
	if (route_hijacks(http->route)) {
		http->flags |= HTTP_UPGRADES;
		stream->upgrade = stream->requests + 1;
	}
	stream->requests++;
	reading->requests = stream->requests;
	return 0;
}

/* After a request's last byte: one that may end in a raw stream waits for its answer. */
static __always_inline void after_request(struct http *http)
{
	if (http->flags & HTTP_UPGRADES)
		http->phase = HTTP_AWAIT;
}

/* An answer came after all, and an ordinary one: the next byte begins a request. */
static __always_inline void resume(struct http *http, const struct latch_stream *stream)
{
	if (http->phase != HTTP_AWAIT || stream->answers != stream->requests)
		return;
	http->flags &= ~HTTP_UPGRADES;
	http_begin_head(http);
}

/*
 * Takes up to BYTES_A_STEP bytes out of a window. Returns what http_step() said last. Not inlined,
 * so that the verifier walks the loop once and not once for each way to get here.
 */
__noinline int latch_take(struct http *http, struct latch_window *window,
	struct latch_request *record, struct send_source *source)
{
	int r = HTTP_MORE;

	if (!http || !window || !source)
		return -LATCH_PROBLEM_MEMORY;
	for (int i = 0; i < BYTES_A_STEP; i++) {
		__u64 at = source->address - window->start;
		__u32 size = http->size;
		__u8 byte;

		if (!source->left || at >= window->size || at >= STREAM_WINDOW)
			break;
		byte = window->bytes[at & (STREAM_WINDOW - 1)];
		if (record && http->phase < HTTP_DATA && size < LATCH_HEAD_SIZE)
			record->head[size & (LATCH_HEAD_SIZE - 1)] = byte;
		r = latch_http_step(http, byte);
		source->address++;
		source->left--;
		source->total--;
		if (r != HTTP_MORE || http->phase == HTTP_DATA)
			break;
	}
	return r;
}

static __always_inline int skip_data(struct http *http, struct send_source *source)
{
	__u64 size = http->remaining < source->left ? http->remaining : source->left;

	source->address += size;
	source->left -= size;
	source->total -= size;
	return http_skip(http, size);
}

static __always_inline __u32 window_fill(const struct send_source *source)
{
	return source->left < STREAM_WINDOW ? source->left : STREAM_WINDOW;
}

static __always_inline bool in_window(const struct latch_window *window, __u64 address)
{
	return address - window->start < window->size;
}

/* One step through the sender's memory. */
static long step_shown(__u32 index, struct subjects *subjects)
{
	struct latch_stream *stream = subjects->stream;
	struct latch_reading *reading = &stream->reading_shown;
	struct latch_window *window = &stream->window_shown;
	struct send_source *source = &reading->source;
	struct http *http = &stream->shown;
	int r;

	if (!source->total)
		return 1;
	if (!source->left) {
		if (source_next(source))
			return 0;
		return give_up(subjects, reading, &stream->record_shown, http, LATCH_PROBLEM_MEMORY);
	}
	if (source->left > source->total)
		source->left = source->total;
	if (http->phase >= HTTP_AWAIT)
		return give_up(subjects, reading, &stream->record_shown, http, LATCH_PROBLEM_PIPELINED);
	if (http->phase == HTTP_DATA) {
		r = skip_data(http, source);
	} else {
		if (!in_window(window, source->address)) {
			__u32 size = window_fill(source);

			window->size = 0;
			barrier_var(size);
			if (size > STREAM_WINDOW ||
				bpf_copy_from_user(window->bytes, size, (void *)source->address))
				return give_up(subjects, reading, &stream->record_shown, http,
					LATCH_PROBLEM_MEMORY);
			window->start = source->address;
			window->size = size;
		}
		r = latch_take(http, window, &stream->record_shown, source);
	}
	if (r < 0)
		return give_up(subjects, reading, &stream->record_shown, http, -r);
	if (r == HTTP_HEAD_DONE) {
		if (on_shown_head(subjects))
			return 1;
		r = http_request_body(http);
	}
	if (r == HTTP_DONE)
		after_request(http);
	return 0;
}

/* Fetches kernel memory. False: it cannot be read. */
static __always_inline bool fetch_kernel(struct latch_window *window, const struct send_source *source)
{
	__u32 size = window_fill(source);

	window->size = 0;
	barrier_var(size);
	if (size > STREAM_WINDOW ||
		bpf_probe_read_kernel(window->bytes, size, (void *)source->address))
		return false;
	window->start = source->address;
	window->size = size;
	return true;
}

/*
 * The next piece of a packet: its linear part first, then its fragments. `segment` is the packet,
 * `segments` counts the pieces taken.
 */
__noinline int latch_piece(struct send_source *source)
{
	struct sk_buff *skb;

	if (!source)
		return 0;
	skb = (struct sk_buff *)source->segment;
	if (source->segments == 0) {
		source->address = (__u64)BPF_CORE_READ(skb, data);
		source->left = BPF_CORE_READ(skb, len) - BPF_CORE_READ(skb, data_len);
	} else {
		struct fragment fragment = fragment_at(skb, source->segments - 1);

		source->left = fragment.size;
		source->address = page_bytes(fragment.page) + fragment.offset;
		/* Without the pages' address the bytes are out of sight: reading them will fail. */
		if (source->address == fragment.offset)
			source->address = 0;
	}
	source->segments++;
	return source->segments < 64; /* the kernel's own limit is 17 fragments, 45 at most */
}

/* One step through what the kernel queued of a request. */
static long step_queued(__u32 index, struct subjects *subjects)
{
	struct latch_stream *stream = subjects->stream;
	struct latch_reading *reading = &stream->reading_queued;
	struct latch_window *window = &stream->window_queued;
	struct send_source *source = &reading->source;
	struct http *http = &stream->queued;
	int r;

	if (!source->total)
		return 1;
	if (!source->left) {
		if (latch_piece(source))
			return 0;
		return give_up(subjects, reading, &stream->record_queued, http, LATCH_PROBLEM_MEMORY);
	}
	if (source->left > source->total)
		source->left = source->total;
	if (http->phase >= HTTP_AWAIT)
		return give_up(subjects, reading, &stream->record_queued, http, LATCH_PROBLEM_PIPELINED);
	if (http->phase == HTTP_DATA) {
		r = skip_data(http, source);
	} else {
		if (!in_window(window, source->address) && !fetch_kernel(window, source))
			return give_up(subjects, reading, &stream->record_queued, http, LATCH_PROBLEM_MEMORY);
		r = latch_take(http, window, &stream->record_queued, source);
	}
	if (r < 0)
		return give_up(subjects, reading, &stream->record_queued, http, -r);
	if (r == HTTP_HEAD_DONE) {
		if (on_queued_head(subjects))
			return 1;
		r = http_request_body(http);
	}
	if (r == HTTP_DONE)
		after_request(http);
	return 0;
}

/* An answer's head. Returns what http_answer_body() does, or a problem. */
static __always_inline int on_answer_head(struct latch_stream *stream)
{
	struct http *http = &stream->answer;
	bool upgrade = stream->upgrade && stream->upgrade == stream->answers + 1;

	if (stream->answers == stream->requests) {
		/* To nothing that was asked: the engine is about to close. */
		http->phase = HTTP_RAW;
		return HTTP_MORE;
	}
	if (http->status == 101 ||
		(upgrade && http->status == 200 && !(http->flags & (HTTP_CHUNKED | HTTP_SAW_LENGTH)))) {
		if (!upgrade)
			return -LATCH_PROBLEM_ANSWER;
		stream->raw = 1;
		http->phase = HTTP_RAW;
		return HTTP_MORE;
	}
	if (http->status < 200) {
		http_begin_head(http); /* 100 Continue and the like: the answer is still to come */
		return HTTP_MORE;
	}
	return http_answer_body(http, stream->heads_only >> (stream->answers & 63) & 1);
}

/* One step through what the engine, or the mediator, queued for the client. */
static long step_answer(__u32 index, struct subjects *subjects)
{
	struct latch_stream *stream = subjects->stream;
	struct latch_reading *reading = &stream->reading_answer;
	struct latch_window *window = &stream->window_answer;
	struct send_source *source = &reading->source;
	struct http *http = &stream->answer;
	int r;

	if (!source->total || http->phase >= HTTP_AWAIT)
		return 1;
	if (!source->left) {
		if (latch_piece(source))
			return 0;
		reading->problem = LATCH_PROBLEM_MEMORY;
		return 1;
	}
	if (source->left > source->total)
		source->left = source->total;
	if (http->phase == HTTP_DATA) {
		r = skip_data(http, source);
	} else {
		if (!in_window(window, source->address) && !fetch_kernel(window, source)) {
			reading->problem = LATCH_PROBLEM_MEMORY;
			return 1;
		}
		r = latch_take(http, window, NULL, source);
	}
	if (r == HTTP_HEAD_DONE)
		r = on_answer_head(stream);
	if (r == HTTP_DONE)
		stream->answers++;
	if (r < 0) {
		reading->problem = LATCH_PROBLEM_ANSWER;
		return 1;
	}
	return 0;
}

/* Who may say nothing was refused before, and is followed only where nobody is refused anything. */
static __always_inline bool is_followed(const struct latch_conn *conn)
{
	if (!conn || (conn->tag != LATCH_TAG_ALLOWED &&
			     !(conn->tag == LATCH_TAG_CONTAINED && auditing())))
		return false;
	return !conn->self &&
	       (conn->kind == LATCH_GUARD_PUBLIC || conn->kind == LATCH_GUARD_DIRECT);
}

/*
 * Tracing programs are left out where they run already on the same CPU, in a task that was preempted
 * in the middle of them (kernel/bpf/trampoline.c, __bpf_prog_enter_recur; LSM programs are not).
 * So each piece is offered to two programs, in an order that is the kernel's. The one that is ahead
 * of the other reads it, for the other one comes behind, or does not come at all. And the end of each
 * send compares what was read of it with what was sent: a piece that both were not given would leave
 * a reader that is out of step, for which a request may be a body.
 */
static __always_inline bool is_taken(__u32 given[2], __u32 which)
{
	given[which]++;
	return given[which] <= given[!which];
}

/* A send begins. The hook that says so is never left out. */
static __always_inline void begin_pieces(__u64 *read, __u32 given[2])
{
	*read = 0;
	given[0] = given[1] = 0;
}

/* One thread at a time: the bytes of two would mix in an order that nobody here sees. */
static __always_inline bool take_turn(struct latch_stream *stream)
{
	__u32 thread = bpf_get_current_pid_tgid();
	__u32 before = __sync_val_compare_and_swap(&stream->sender, 0, thread);

	if (before == 0)
		begin_pieces(&stream->read_requests, stream->requests_given);
	return before == 0 || before == thread;
}

/* Less was read than sent. More is no sign: a piece that was read may find nobody to be queued for. */
static __always_inline bool has_missed(const struct latch_stream *stream, __u64 read, int sent)
{
	return sent > 0 && read < (__u64)sent && !stream->raw && !stream->lost;
}

/*
 * Answers that are not followed any more leave one owed for ever: requests may still come, one that
 * would turn the connection raw may not.
 */
static __always_inline void lose_answers(struct latch_stream *stream)
{
	stream->answer.phase = HTTP_RAW;
	count(LATCH_COUNT_UNFOLLOWED);
}

/* The engine, or the mediator, begins to send. */
static __always_inline void begin_answer(struct sock *sk)
{
	struct sock *client = peer_of(sk);
	struct latch_stream *stream = NULL;

	if (client)
		stream = bpf_sk_storage_get(&latch_streams, client, 0, 0);
	if (!stream || stream->raw || stream->lost)
		return;
	if (stream->answering && stream->read_answers)
		lose_answers(stream); /* nobody saw the end of the last one */
	stream->answering = 1;
	begin_pieces(&stream->read_answers, stream->answers_given);
}

static __always_inline void begin_shown(struct latch_stream *stream)
{
	__builtin_memcpy(&stream->shown, &stream->queued, sizeof(stream->shown));
	resume(&stream->shown, stream);
	stream->hashes_size = 0;
	stream->compared = 0;
	stream->window_shown.size = 0; /* the memory may have changed */
	if (stream->shown.size) /* a head in several sends: the record shows all of it */
		bpf_probe_read_kernel(stream->record_shown.head, LATCH_HEAD_SIZE,
			stream->record_queued.head);
}

static __always_inline bool enforces(const struct latch_conn *conn)
{
	return conn->kind == LATCH_GUARD_DIRECT && enforcing();
}

/*
 * Is there anything to be read of it? A connection that was lost while nothing was enforced is not
 * let off when that changes: nobody knows where in a request it is, so its next send is its last.
 */
static __always_inline bool is_read(const struct latch_stream *stream, const struct latch_conn *conn)
{
	return !stream->raw && (!stream->lost || enforces(conn));
}

/*
 * Unread, nothing passes, now or later: where a mediator reads it, only the record is missing. The
 * mark counts when something is enforced.
 */
static __always_inline void on_no_stream(struct sock *sk, struct latch_conn *conn)
{
	count(LATCH_COUNT_STREAM_FAILED);
	if (conn->kind == LATCH_GUARD_DIRECT)
		condemn(sk, conn);
}

static __always_inline void begin_reading(
	struct latch_reading *reading, const struct subjects *subjects)
{
	__builtin_memset(reading, 0, sizeof(*reading));
	reading->requests = subjects->stream->requests;
	reading->enforce = enforces(subjects->conn);
}

/* Reads a send in the sender's memory. Who has not got the turn must not touch how far it was read. */
static __always_inline void read_shown(struct subjects *subjects, struct msghdr *msg, int size)
{
	struct latch_stream *stream = subjects->stream;
	struct latch_reading *reading = &stream->reading_shown;
	struct latch_request *record = &stream->record_shown;
	struct http *http = &stream->shown;

	if (!take_turn(stream)) {
		give_up(subjects, reading, record, http, LATCH_PROBLEM_CONCURRENT);
		return;
	}
	begin_reading(reading, subjects);
	begin_shown(stream);
	if (stream->lost) {
		give_up(subjects, reading, record, http, LATCH_PROBLEM_LOST);
		return;
	}
	if (stream->read_requests) { /* nobody saw the end of this thread's last send */
		give_up(subjects, reading, record, http, LATCH_PROBLEM_MISSED);
		return;
	}
	if (BPF_CORE_READ(msg, msg_flags) & MSG_OOB) {
		give_up(subjects, reading, record, http, LATCH_PROBLEM_OUT_OF_BAND);
		return;
	}
	if (!source_of(msg, size, &reading->source)) {
		give_up(subjects, reading, record, http, LATCH_PROBLEM_ITERATOR);
		return;
	}
	bpf_loop(MAX_STEPS, step_shown, subjects, 0);
	if (reading->source.total && !reading->refused && !reading->problem)
		give_up(subjects, reading, record, http, LATCH_PROBLEM_HEAD_SIZE);
}

SEC("lsm.s/socket_sendmsg")
int BPF_PROG(latch_request, struct socket *sock, struct msghdr *msg, int size)
{
	struct subjects subjects = {};
	struct latch_stream *stream;
	struct latch_conn *conn;
	struct sock *sk = sock->sk;

	if (!sk || sk->__sk_common.skc_family != AF_UNIX)
		return 0;
	conn = conn_of(sk);
	if (!conn || !is_followed(conn))
		return 0;
	if (conn->end != LATCH_END_CLIENT) {
		begin_answer(sk);
		return 0;
	}
	stream = bpf_sk_storage_get(&latch_streams, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!stream) {
		on_no_stream(sk, conn);
		if (enforces(conn))
			return hook_return(-EPERM);
		return 0;
	}
	if (!is_read(stream, conn) || size <= 0)
		return 0;
	subjects.sk = sk;
	subjects.conn = conn;
	subjects.stream = stream;
	read_shown(&subjects, msg, size);
	/* Two returns: folded into one expression, the verifier loses its bounds. */
	if (stream->reading_shown.refused)
		return hook_return(-EPERM);
	return 0;
}

static __always_inline void read_request(struct sock *sk, struct latch_conn *conn, struct sk_buff *skb,
	int size, __u32 which)
{
	struct subjects subjects = { .sk = sk, .conn = conn };
	struct latch_stream *stream = bpf_sk_storage_get(&latch_streams, sk, 0, 0);
	struct latch_reading *reading;

	/* Without a stream nothing was let through here, or nobody enforces here. */
	if (!stream || stream->raw || stream->lost || is_taken(stream->requests_given, which))
		return;
	stream->read_requests += size;
	subjects.stream = stream;
	reading = &stream->reading_queued;
	begin_reading(reading, &subjects);
	reading->source.segment = (__u64)skb;
	reading->source.total = size;
	resume(&stream->queued, stream);
	stream->window_queued.size = 0;
	bpf_loop(MAX_STEPS, step_queued, &subjects, 0);
	if (reading->source.total && !reading->refused && !reading->problem)
		give_up(&subjects, reading, &stream->record_queued, &stream->queued,
			LATCH_PROBLEM_HEAD_SIZE);
}

static __always_inline void read_answer(struct sock *sk, struct latch_conn *conn, struct sk_buff *skb,
	int size, __u32 which)
{
	struct sock *client = peer_of(sk);
	struct subjects subjects = { .sk = client, .conn = conn };
	struct latch_reading *reading;
	struct latch_stream *stream;

	if (!client)
		return;
	stream = bpf_sk_storage_get(&latch_streams, client, 0, 0);
	if (!stream || stream->raw || stream->lost || is_taken(stream->answers_given, which))
		return;
	stream->read_answers += size;
	if (!(stream->answer.flags & HTTP_ANSWER)) { /* the first one */
		stream->answer.flags |= HTTP_ANSWER;
		http_begin_head(&stream->answer);
	}
	subjects.stream = stream;
	reading = &stream->reading_answer;
	begin_reading(reading, &subjects);
	reading->source.segment = (__u64)skb;
	reading->source.total = size;
	stream->window_answer.size = 0;
	bpf_loop(MAX_STEPS, step_answer, &subjects, 0);
	if (reading->problem)
		lose_answers(stream);
}

/*
 * The kernel has copied the bytes of a send and has not queued them yet: they are in nobody's
 * hands. It does so for every datagram and stream socket; only guarded connections matter.
 */
static __always_inline int read_piece(struct sk_buff *skb, int size, int ret, __u32 which)
{
	struct sock *sk = skb->sk;
	struct latch_conn *conn;

	if (ret || size <= 0 || !sk || sk->__sk_common.skc_family != AF_UNIX)
		return 0;
	conn = conn_of(sk);
	if (!conn || !is_followed(conn))
		return 0;
	if (conn->end == LATCH_END_CLIENT)
		read_request(sk, conn, skb, size, which);
	else
		read_answer(sk, conn, skb, size, which);
	return 0;
}

SEC("fexit/skb_copy_datagram_from_iter")
int BPF_PROG(latch_queued, struct sk_buff *skb, int offset, struct iov_iter *from, int size, int ret)
{
	return read_piece(skb, size, ret, 0);
}

SEC("fexit/skb_copy_datagram_from_iter")
int BPF_PROG(latch_queued2, struct sk_buff *skb, int offset, struct iov_iter *from, int size, int ret)
{
	return read_piece(skb, size, ret, 1);
}

/* What was sent is queued by now. Where it was not read, the engine is kept from it if it is slower. */
static __always_inline void end_request(struct sock *sk, struct latch_conn *conn, int sent)
{
	struct subjects subjects = { .sk = sk, .conn = conn };
	__u32 thread = bpf_get_current_pid_tgid();
	struct latch_stream *stream = bpf_sk_storage_get(&latch_streams, sk, 0, 0);

	if (!stream || stream->sender != thread)
		return;
	if (has_missed(stream, stream->read_requests, sent)) {
		subjects.stream = stream;
		begin_reading(&stream->reading_queued, &subjects);
		give_up(&subjects, &stream->reading_queued, &stream->record_queued, &stream->queued,
			LATCH_PROBLEM_MISSED);
	}
	stream->read_requests = 0;
	__sync_val_compare_and_swap(&stream->sender, thread, 0);
}

static __always_inline void end_answer(struct sock *sk, int sent)
{
	struct sock *client = peer_of(sk);
	struct latch_stream *stream = NULL;

	if (client)
		stream = bpf_sk_storage_get(&latch_streams, client, 0, 0);
	if (!stream || !stream->answering)
		return;
	if (has_missed(stream, stream->read_answers, sent))
		lose_answers(stream);
	stream->answering = 0;
}

/* Both of the programs that end a send do all of it: the second one finds it done. */
static __always_inline int end_send(struct socket *sock, int sent)
{
	struct sock *sk = sock->sk;
	struct latch_conn *conn;

	if (!sk)
		return 0;
	conn = conn_of(sk);
	if (!conn || !is_followed(conn))
		return 0;
	if (conn->end == LATCH_END_CLIENT)
		end_request(sk, conn, sent);
	else
		end_answer(sk, sent);
	return 0;
}

SEC("fexit/unix_stream_sendmsg")
int BPF_PROG(latch_sent, struct socket *sock, struct msghdr *msg, __u64 size, int ret)
{
	return end_send(sock, ret);
}

SEC("fexit/unix_stream_sendmsg")
int BPF_PROG(latch_sent2, struct socket *sock, struct msghdr *msg, __u64 size, int ret)
{
	return end_send(sock, ret);
}

/*
 * Before 6.5 (dc97391e6610) splice and sendfile reach a socket by a function of their own, which no
 * hook of the send path sees. file_permission cannot tell them from write(). So the connection is
 * condemned here, before the page is queued: the engine never reads it.
 */
SEC("?fentry/unix_stream_sendpage")
int BPF_PROG(latch_splice, struct socket *sock)
{
	struct subjects subjects = {};
	struct latch_stream *stream;
	struct latch_conn *conn;
	struct sock *sk = sock->sk;

	if (!sk)
		return 0;
	conn = conn_of(sk);
	if (!conn || conn->end != LATCH_END_CLIENT || !is_followed(conn))
		return 0;
	stream = bpf_sk_storage_get(&latch_streams, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!stream) {
		on_no_stream(sk, conn);
		return 0;
	}
	if (!is_read(stream, conn))
		return 0;
	subjects.sk = sk;
	subjects.conn = conn;
	subjects.stream = stream;
	begin_reading(&stream->reading_shown, &subjects);
	give_up(&subjects, &stream->reading_shown, &stream->record_shown, &stream->shown,
		LATCH_PROBLEM_ITERATOR);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
