// SPDX-License-Identifier: Apache-2.0
/*
 * Adds up what a mediator sends as differences, and keeps the last of what it sends as it is. What one
 * has not sent when it is killed, a second's worth at most, is lost with it.
 */
#include "mediator_totals.h"

static void set_present(struct wire_figures *to, const struct wire_figures *from)
{
	to->host_clients = from->host_clients;
	to->contained_clients = from->contained_clients;
	to->questions = from->questions;
	to->held_bytes = from->held_bytes;
}

void mediator_totals_take(struct mediator_totals *totals, const struct wire_figures *figures)
{
	histogram_add(&totals->sums.decision, &figures->decision);
	histogram_add(&totals->sums.answer, &figures->answer);
	totals->sums.turned_away += figures->turned_away;
	set_present(&totals->sums, figures);
}

void mediator_totals_end(struct mediator_totals *totals)
{
	static const struct wire_figures none;

	totals->ended++;
	set_present(&totals->sums, &none);
}
