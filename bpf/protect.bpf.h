/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What keeps latch alive is not for containers, however privileged they are: here, who is asked.
 * Every program looks first at what is reached for, which is nearly always nothing of latch's, and
 * only then at who reaches.
 */
#ifndef LATCH_PROTECT_BPF_H
#define LATCH_PROTECT_BPF_H

#include "event.bpf.h"

/*
 * Refuses a container, and says so: -EPERM. The host may do what it likes to latch: 0. In audit mode it is
 * said, and let through: a machine on which latch only looks must go on as it did.
 */
static __noinline int refuse_container(__u64 ino, __u32 reason)
{
	struct subject subject = {};
	struct latch_event *event;
	int verdict = enforcing() ? -EPERM : 0;

	subject_of_current(&subject);
	if (subject.self || rules_latch(&subject) || (!verdict && !auditing()))
		return 0;
	if (verdict)
		count(LATCH_COUNT_PROTECTED);
	event = event_begin(LATCH_EVENT_PROTECTED, &subject);
	if (event) {
		event->ino = ino;
		event->reason = reason;
		event->verdict = verdict;
		bpf_ringbuf_submit(event, 0);
	}
	return verdict;
}

#endif
