/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the kernel programs and the processes in user space agree on: the values of every map and
 * the records of the ring buffer.
 *
 * Rules of this file: fixed-width fields, no padding by accident (each struct's size is asserted),
 * and names for every number, because security teams read these maps with bpftool. Strings end
 * in NUL, so that bpftool prints them as text. It includes nothing: the kernel side has its types
 * from vmlinux.h, the other from <linux/types.h>.
 */
#ifndef LATCH_ABI_H
#define LATCH_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/* Raised with every change of a layout below: pinned maps of another version are not taken over. */
#define LATCH_ABI_VERSION 3

/* Where the programs and maps are pinned. Map `latch_<noun>` is pinned as <noun>. */
#define LATCH_PIN_ROOT "/sys/fs/bpf/latch"

#define LATCH_ID_HEX  64 /* a container id: SHA-256 in lower-case hexadecimal */
#define LATCH_ID_SIZE 72 /* with its NUL, rounded up to keep what follows aligned */
#define LATCH_COMM_SIZE 16
#define LATCH_NAME_SIZE 40 /* the last component of a guarded path, NUL included */
#define LATCH_ROUTE_SIZE 60
#define LATCH_MAX_ROUTES 256 /* rows of routes.def; one generation of verdicts */
#define LATCH_HEAD_SIZE 2048 /* of a request's head, what an event shows at most */

/* Who a task or a cgroup is. Ordered by strictness: of two answers the greater one counts. */
enum latch_tag {
	LATCH_TAG_NONE = 0,	 /* no answer: the host, unless something else says otherwise */
	LATCH_TAG_HOST = 1,	 /* the host, or a cgroup that the administrator trusts */
	LATCH_TAG_ALLOWED = 2,	 /* a container that holds a grant */
	LATCH_TAG_CONTAINED = 3, /* any other container, or unknown */
};

/* What a guarded listener is, and so who may connect to it. latch's own tasks always may. */
enum latch_guard_kind {
	LATCH_GUARD_NONE = 0,
	LATCH_GUARD_ENGINE = 1,	  /* the engine's own socket: latch alone */
	LATCH_GUARD_PUBLIC = 2,	  /* latch's socket at the engine's public path: host and allowed */
	LATCH_GUARD_INTERNAL = 3, /* latch's holder: latch alone */
	LATCH_GUARD_HOST = 4,	  /* sibling sockets, latch's metrics: the host alone */
	LATCH_GUARD_DIRECT = 5,	  /* the engine's own socket, without a mediator: host and allowed,
				     and the programs refuse requests by `verdicts` */
	LATCH_GUARD_CONTROL = 6,  /* latchctl's: the host alone, also after a tag was lost */
};

enum latch_mode {
	LATCH_MODE_ENFORCE = 0, /* what an entry means that nobody has filled */
	LATCH_MODE_OFF = 1,	/* the programs tag, and refuse nothing */
	LATCH_MODE_AUDIT = 2,	/* they decide, say what they would refuse, and refuse nothing */
};

/* Map `state`, one entry: what the programs obey as a whole. */
struct latch_state {
	__u32 version;	  /* LATCH_ABI_VERSION */
	__u32 mode;	  /* enum latch_mode */
	__u32 generation; /* which half of `verdicts` counts: 0 or 1 */
	__u32 owner_pid;  /* latchd, for the reader; decides nothing */
};

/*
 * Map `incomplete`, one entry, a __u32 that only the programs set: a tag could not be stored, and
 * from then on an untagged caller counts as contained. Apart from `state`, which latchd writes
 * whole: neither must undo what the other wrote.
 */

/* Map `guarded`: socket inode -> what it is. */
struct latch_inode {
	__u64 ino;
	__u32 dev; /* the kernel's dev_t: major << 20 | minor */
	__u32 reserved;
};

struct latch_guard {
	__u32 kind; /* enum latch_guard_kind */
	__u32 first; /* 1: of the first engine's socket, for latchd: see maps_guard_engine(); decides nothing here */
	char path[112]; /* for the reader; decides nothing */
};

/*
 * Map `names`: a directory and a name in it. It only ever refuses: a socket at such a name whose
 * inode is not yet in `guarded` is taken for what `kind` says (NONE: for no guarded one), and no
 * container makes, replaces, removes or writes a file of that name.
 */
struct latch_dentry {
	__u64 dir_ino;
	__u32 dir_dev;
	__u32 reserved;
	char name[LATCH_NAME_SIZE];
};

/* What no container does to a file, however privileged it is: bits of latch_protection.what. */
enum latch_protected {
	LATCH_PROTECTED_FILE = 1 << 0,	 /* write it, change its attributes, remove, rename, mount over it */
	LATCH_PROTECTED_FOLDER = 1 << 1, /* any of that to it and to what lies in it; make something in it */
	LATCH_PROTECTED_NAMES = 1 << 2,	 /* any of that to the names in it that `names` has */
	LATCH_PROTECTED_PLACE = 1 << 3,	 /* remove, rename or mount over it: it is on the way to one */
};

/* Map `protected`: inode -> that. */
struct latch_protection {
	__u32 what; /* enum latch_protected */
	__u32 reserved;
	char path[112]; /* for the reader; decides nothing */
};

/* Map `cgroups`: cgroup id -> the container scope that begins there. */
struct latch_scope {
	__u32 tag; /* enum latch_tag */
	__u32 nested; /* made by a task in a container, or below one's scope: never gets a grant */
	char container[LATCH_ID_SIZE]; /* empty for a cgroup that is not a container's */
};

/* Map `grants`: container id -> who holds the grant. */
struct latch_container {
	char id[LATCH_ID_SIZE];
};

struct latch_grant {
	__u64 cgroup;	/* the scope that uses it; 0: free */
	char image[80]; /* "sha256:..." of the image that earned it; decides nothing */
};

/* Map `tasks` (task storage): what a task carries wherever it moves. */
struct latch_task {
	__u64 scope;  /* id of the container scope that it was last seen in; 0: none */
	__u32 sticky; /* enum latch_tag: at least this strict for the rest of its life; NONE: no bound */
	__u32 self;   /* latch's own process; counts on the group leader only */
};

enum latch_end {
	LATCH_END_NONE = 0,   /* not written by the gate: a connection older than it, of which only `noted` counts */
	LATCH_END_CLIENT = 1, /* the socket that called connect */
	LATCH_END_SERVER = 2, /* the socket that accept returns */
};

/* Map `conns` (socket storage): who a guarded connection belongs to, as the kernel saw it at connect. */
struct latch_conn {
	__u64 scope;  /* the container scope that owns it; 0: the host */
	__u64 cgroup; /* the caller's own cgroup */
	__u32 tag;    /* enum latch_tag */
	__u32 kind;   /* enum latch_guard_kind of the listener */
	__u32 end;    /* enum latch_end */
	__u32 pid;    /* of the caller, in the initial pid namespace */
	__u32 uid;
	__u32 self; /* the caller was latch itself */
	__u64 id;   /* of the connection, the same at both ends; never used twice in one boot */
	__u32 dead; /* condemned: refuses every send and every read from now on */
	__u32 noted; /* LATCH_MODE_AUDIT: it was said that a send on it would be refused */
	char comm[LATCH_COMM_SIZE];
	char container[LATCH_ID_SIZE];
};

/* Map `serial`, one entry, a __u64: the id of the latest connection. */

/* Map `cuts`: id of a connection -> what is to become of it. Obeyed at its next send or read. */
struct latch_cut {
	__u32 cut; /* not 0: condemn it */
	__u32 reserved;
};

/*
 * Map `listeners` (socket storage): who called listen() on a unix socket, and whether it lay at a
 * guarded name then. The label stays with the socket when its file is renamed.
 */
struct latch_listener {
	__u32 tag; /* enum latch_tag of the caller */
	__u32 pid;
	__u32 kind; /* enum latch_guard_kind of the name */
	__u32 reserved;
};

enum latch_verdict_value {
	LATCH_VERDICT_REFUSE = 0, /* also what an entry means that nobody has filled */
	LATCH_VERDICT_PASS = 1,
};

/*
 * Map `verdicts`: what an allowed container may ask for. Index: generation * LATCH_MAX_ROUTES +
 * row of routes.def.
 */
struct latch_verdict {
	__u32 verdict;		      /* enum latch_verdict_value */
	char route[LATCH_ROUTE_SIZE]; /* for the reader; decides nothing */
};

enum latch_event_type {
	LATCH_EVENT_CONNECT = 1, /* a connect to a guarded socket */
	LATCH_EVENT_SEND = 2,	 /* a refused send on a guarded connection */
	LATCH_EVENT_TAG = 3,	 /* a container scope was born */
	LATCH_EVENT_UNTAG = 4,	 /* a container scope is gone */
	LATCH_EVENT_REQUEST = 5, /* a request of a container: struct latch_request */
	LATCH_EVENT_CUT = 6,	 /* a connection was condemned by `cuts`: struct latch_request */
	LATCH_EVENT_TAMPERED = 7, /* a request is not what its sender showed: struct latch_request */
	LATCH_EVENT_PROTECTED = 8, /* a container reached for what keeps latch alive; `ino`: of the file */
};

/* First in every record of the ring buffer. */
struct latch_event_header {
	__u16 version; /* LATCH_ABI_VERSION */
	__u16 type;    /* enum latch_event_type */
	__u32 size;    /* of the whole record, in bytes */
	__u64 time;    /* CLOCK_BOOTTIME, ns */
};

struct latch_event {
	struct latch_event_header header;
	__u64 cgroup; /* of the caller, or the scope that was tagged */
	__u64 scope;
	__u64 ino; /* of the guarded listener, where there is one */
	__u32 tag; /* enum latch_tag */
	__u32 kind; /* enum latch_guard_kind */
	__u32 pid;
	__u32 uid;
	__s32 verdict; /* 0, or the negative errno that the caller got; 0 with a `reason` to refuse: it was
			  let through (LATCH_MODE_AUDIT) */
	__u32 reason;  /* enum latch_reason */
	char comm[LATCH_COMM_SIZE];
	char container[LATCH_ID_SIZE];
};

/*
 * What LATCH_EVENT_REQUEST, _CUT and _TAMPERED carry. The record ends behind the last byte of
 * `head` that is there: header.size is offsetof(head) + stored.
 */
struct latch_request {
	struct latch_event event;
	__u64 connection;
	__s32 route;	  /* row of routes.def; -1: none, or the head was not whole */
	__u32 generation; /* of `verdicts` that decided */
	__u16 mode;	  /* enum latch_mode */
	__u16 verdict;	  /* enum latch_verdict_value: what `verdicts` says; event.verdict is what
			     the sender got, which is 0 where a mediator decides */
	__u32 problem;	  /* enum latch_problem, where event.reason is LATCH_REASON_UNFOLLOWED */
	__u32 size;	  /* of the head as sent, its empty line included */
	__u32 stored;	  /* bytes of it below; less than `size`: cut */
	char head[LATCH_HEAD_SIZE];
};

/* Why the programs do not follow a connection any further. */
enum latch_problem {
	LATCH_PROBLEM_NONE = 0,
	LATCH_PROBLEM_ITERATOR,	    /* sent by splice, sendfile or in another way that is not read */
	LATCH_PROBLEM_OUT_OF_BAND,  /* MSG_OOB */
	LATCH_PROBLEM_CONCURRENT,   /* two threads send at once */
	LATCH_PROBLEM_MEMORY,	    /* the sender's memory cannot be read, or there is none of ours */
	LATCH_PROBLEM_REQUEST_LINE, /* not "METHOD target HTTP/1.x"; the preface of HTTP/2 is one */
	LATCH_PROBLEM_FIELD,	    /* a header field that is malformed or appears twice */
	LATCH_PROBLEM_FRAMING,	    /* a body whose end two readers could see in two places */
	LATCH_PROBLEM_HEAD_SIZE,    /* a head that is too long or has too many fields */
	LATCH_PROBLEM_PIPELINED,    /* a request before the answer to the last one was complete */
	LATCH_PROBLEM_ANSWER,	    /* the engine's answer is not HTTP/1.x */
	LATCH_PROBLEM_LOST,	    /* it was not followed before, while nothing was enforced */
	LATCH_PROBLEM_MISSED,	    /* the kernel left out the programs that read what was queued */
	LATCH_PROBLEMS,
};

/* Why the kernel decided as it did. */
enum latch_reason {
	LATCH_REASON_NONE = 0,
	LATCH_REASON_SELF,	   /* latch's own process */
	LATCH_REASON_HOST,	   /* the host, on a socket that is open to it */
	LATCH_REASON_GRANT,	   /* an allowed container, on the public socket */
	LATCH_REASON_CONTAINED,	   /* a container without a grant */
	LATCH_REASON_PRIVATE,	   /* a socket that is latch's alone, or the host's alone */
	LATCH_REASON_PLANTED,	   /* the listener was made by a container */
	LATCH_REASON_OWNER,	   /* the connection belongs to somebody else */
	LATCH_REASON_UNLABELLED,   /* a guarded connection that the gate never saw */
	LATCH_REASON_NO_MEMORY,	   /* a label could not be stored: refused */
	LATCH_REASON_MODE_OFF,	   /* would have been refused; ECI is off */
	LATCH_REASON_ROUTE,	   /* `verdicts` decided, either way */
	LATCH_REASON_NO_ROUTE,	   /* a request that is in no row of routes.def */
	LATCH_REASON_UNFOLLOWED,   /* what is sent cannot be followed: see latch_problem */
	LATCH_REASON_TAMPERED,	   /* what was queued is not what the sender showed */
	LATCH_REASON_CUT,	   /* the connection is condemned */
	LATCH_REASON_PROTECTED_FILE,    /* a file, folder or name of latch's or the engine's */
	LATCH_REASON_PROTECTED_MOUNT,   /* a mount over one, or the end of a mount that it is on */
	LATCH_REASON_PROTECTED_PROCESS, /* a process of latch's */
	LATCH_REASON_PROTECTED_TRACE,   /* tracing a process that may do more */
	LATCH_REASON_PROTECTED_BPF,     /* a map or program of latch's */
};

/* Map `counters` (per CPU): indices. Every helper that can fail is counted by its place. */
enum latch_counter {
	LATCH_COUNT_CONNECT_PASSED = 0,
	LATCH_COUNT_CONNECT_REFUSED,
	LATCH_COUNT_SEND_REFUSED,
	LATCH_COUNT_SCOPE_TAGGED,
	LATCH_COUNT_SCOPE_UNTAGGED,
	LATCH_COUNT_EVENT_LOST,	     /* the ring buffer was full: record lost, verdict kept */
	LATCH_COUNT_SCOPE_FAILED,    /* `cgroups` was full */
	LATCH_COUNT_TASK_FAILED,     /* a task could not be labelled */
	LATCH_COUNT_CONN_FAILED,     /* a connection could not be labelled: refused */
	LATCH_COUNT_LISTENER_FAILED, /* a listener could not be labelled */
	LATCH_COUNT_TOO_DEEP,	     /* a cgroup deeper than the walk: taken for contained */
	LATCH_COUNT_REQUEST_PASSED,
	LATCH_COUNT_REQUEST_REFUSED,
	LATCH_COUNT_UNFOLLOWED,	     /* connections that could not be followed any further */
	LATCH_COUNT_TAMPERED,
	LATCH_COUNT_STREAM_FAILED,   /* no memory to follow a connection */
	LATCH_COUNT_PROTECTED,	     /* what a container was kept from doing to latch */
	LATCH_COUNTERS,
};

_Static_assert(sizeof(struct latch_state) == 16, "layout of the state map");
_Static_assert(sizeof(struct latch_inode) == 16, "layout of the guarded map's key");
_Static_assert(sizeof(struct latch_guard) == 120, "layout of the guarded map");
_Static_assert(sizeof(struct latch_dentry) == 56, "layout of the names map's key");
_Static_assert(sizeof(struct latch_protection) == 120, "layout of the protected map");
_Static_assert(sizeof(struct latch_scope) == 80, "layout of the cgroups map");
_Static_assert(sizeof(struct latch_container) == 72, "layout of the grants map's key");
_Static_assert(sizeof(struct latch_grant) == 88, "layout of the grants map");
_Static_assert(sizeof(struct latch_task) == 16, "layout of the tasks map");
_Static_assert(sizeof(struct latch_conn) == 144, "layout of the conns map");
_Static_assert(sizeof(struct latch_cut) == 8, "layout of the cuts map");
_Static_assert(sizeof(struct latch_listener) == 16, "layout of the listeners map");
_Static_assert(sizeof(struct latch_verdict) == 64, "layout of the verdicts map");
_Static_assert(sizeof(struct latch_event) == 152, "layout of the ring buffer's records");
_Static_assert(sizeof(struct latch_request) == 184 + LATCH_HEAD_SIZE, "layout of a request's record");

#endif
