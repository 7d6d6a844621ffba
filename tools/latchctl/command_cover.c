// SPDX-License-Identifier: Apache-2.0
/*
 * A set cover, searched to its end: the commands are few, and of those nearly all are dominated by
 * another one or are the only ones with some route. What is left is branched over from the route with
 * the fewest candidates on, and a branch that is no better than the best list so far is cut.
 */
#include "command_cover.h"

#include <stdint.h>
#include <string.h>

#define NODES_MAX 400000 /* of the search: well under a second */

#define WORDS ((ROUTE_COUNT + 63) / 64)

struct route_set {
	uint64_t words[WORDS];
};

struct candidate {
	const struct command *command;
	struct route_set useful, excess; /* of what it passes: wanted, and not */
	bool itself; /* something that it is was wanted */
};

/* Smaller is better, the first that differs counts. */
struct cost {
	unsigned int changing, excess, entries, unasked;
};

struct search {
	const struct candidate *candidates;
	size_t count;
	struct route_set changing;
	struct cost best_cost;
	size_t best[COVER_MAX], best_count;
	size_t chosen[COVER_MAX];
	unsigned int nodes;
};

static void add(struct route_set *set, int route)
{
	set->words[route / 64] |= UINT64_C(1) << (route % 64);
}

static bool has(const struct route_set *set, int route)
{
	return set->words[route / 64] >> (route % 64) & 1;
}

static unsigned int size_of(const struct route_set *set)
{
	unsigned int size = 0;

	for (size_t i = 0; i < WORDS; i++)
		size += __builtin_popcountll(set->words[i]);
	return size;
}

static struct route_set both(const struct route_set *one, const struct route_set *other)
{
	struct route_set set;

	for (size_t i = 0; i < WORDS; i++)
		set.words[i] = one->words[i] & other->words[i];
	return set;
}

static struct route_set either(const struct route_set *one, const struct route_set *other)
{
	struct route_set set;

	for (size_t i = 0; i < WORDS; i++)
		set.words[i] = one->words[i] | other->words[i];
	return set;
}

static struct route_set without(const struct route_set *one, const struct route_set *other)
{
	struct route_set set;

	for (size_t i = 0; i < WORDS; i++)
		set.words[i] = one->words[i] & ~other->words[i];
	return set;
}

static bool is_within(const struct route_set *one, const struct route_set *other)
{
	struct route_set left = without(one, other);

	return !size_of(&left);
}

/* ---- who is asked ---- */

static void add_routes(const short *routes, const struct route_set *wanted, struct candidate *to)
{
	for (; *routes != COMMAND_NO_ROUTE; routes++) {
		if (route_get(*routes)->flags & ROUTE_ALWAYS)
			continue;
		add(has(wanted, *routes) ? &to->useful : &to->excess, *routes);
	}
}

static struct candidate candidate_of(const struct command *command, const struct route_set *wanted)
{
	struct candidate candidate = {.command = command};

	add_routes(command->is, wanted, &candidate);
	candidate.itself = size_of(&candidate.useful) > 0;
	add_routes(command->needs, wanted, &candidate);
	return candidate;
}

/* Is `one` never a better choice than `other`? Of two that are alike the first stays. */
static bool is_dominated(
	const struct candidate *one, const struct candidate *other, bool other_first)
{
	if (!is_within(&one->useful, &other->useful) || !is_within(&other->excess, &one->excess) ||
		(one->itself && !other->itself))
		return false;
	return other_first || !is_within(&other->useful, &one->useful) ||
	       !is_within(&one->excess, &other->excess) || one->itself != other->itself;
}

/* A silent one sends nothing of its own: it would be an entry for other commands' sake alone. */
static bool may_be_listed(const struct command *command)
{
	return command->support != COMMAND_UNSUPPORTED && command->support != COMMAND_SILENT;
}

static size_t collect(const struct route_set *wanted, struct candidate *candidates)
{
	struct candidate all[COVER_MAX];
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < command_count() && count < COVER_MAX; i++) {
		struct candidate candidate = candidate_of(command_get(i), wanted);

		if (may_be_listed(command_get(i)) && size_of(&candidate.useful))
			all[count++] = candidate;
	}
	for (size_t i = 0; i < count; i++) {
		bool dominated = false;

		for (size_t j = 0; j < count && !dominated; j++)
			dominated = i != j && is_dominated(&all[i], &all[j], j < i);
		if (!dominated)
			candidates[kept++] = all[i];
	}
	return kept;
}

/* ---- the search ---- */

static bool is_less(const struct cost *one, const struct cost *other)
{
	if (one->changing != other->changing)
		return one->changing < other->changing;
	if (one->excess != other->excess)
		return one->excess < other->excess;
	if (one->entries != other->entries)
		return one->entries < other->entries;
	return one->unasked < other->unasked;
}

/* The uncovered route that the fewest could cover: every list has one of those. */
static int narrowest(const struct search *search, const struct route_set *left)
{
	unsigned int fewest = UINT32_MAX;
	int found = ROUTE_NONE;

	for (int route = 0; route < ROUTE_COUNT; route++) {
		unsigned int count = 0;

		if (!has(left, route))
			continue;
		for (size_t i = 0; i < search->count; i++)
			count += has(&search->candidates[i].useful, route);
		if (count < fewest) {
			fewest = count;
			found = route;
		}
	}
	return found;
}

static struct cost cost_of(const struct search *search, const struct route_set *excess,
	size_t entries, unsigned int unasked)
{
	struct route_set changing = both(excess, &search->changing);

	return (struct cost){size_of(&changing), size_of(excess), entries, unasked};
}

/* Every component of the cost only grows on the way down: one that is no better now stays so. */
static void descend(struct search *search, const struct route_set *left,
	const struct route_set *excess, size_t depth, unsigned int unasked)
{
	bool done = size_of(left) == 0;
	struct cost cost = cost_of(search, excess, depth + !done, unasked);
	int route;

	if (!is_less(&cost, &search->best_cost) || search->nodes++ > NODES_MAX)
		return;
	if (done) {
		search->best_cost = cost;
		search->best_count = depth;
		memcpy(search->best, search->chosen, sizeof(search->chosen));
		return;
	}
	route = narrowest(search, left);
	for (size_t i = 0; i < search->count; i++) {
		const struct candidate *candidate = &search->candidates[i];
		struct route_set still, more;

		if (!has(&candidate->useful, route))
			continue;
		still = without(left, &candidate->useful);
		more = either(excess, &candidate->excess);
		search->chosen[depth] = i;
		descend(search, &still, &more, depth + 1, unasked + !candidate->itself);
	}
}

/* A list that is there before the search: everybody, then without those that can be spared. */
static void begin_with_all(struct search *search, const struct route_set *wanted)
{
	bool spared[COVER_MAX] = {false};
	struct route_set excess = {0};
	unsigned int unasked = 0;

	for (size_t i = search->count; i-- > 0;) {
		struct route_set others = {0};

		for (size_t j = 0; j < search->count; j++)
			if (j != i && !spared[j])
				others = either(&others, &search->candidates[j].useful);
		spared[i] = is_within(wanted, &others);
	}
	for (size_t i = 0; i < search->count; i++) {
		if (spared[i])
			continue;
		search->best[search->best_count++] = i;
		excess = either(&excess, &search->candidates[i].excess);
		unasked += !search->candidates[i].itself;
	}
	search->best_cost = cost_of(search, &excess, search->best_count, unasked);
}

static void note_passed(const short *routes, bool passed[ROUTE_COUNT])
{
	for (; *routes != COMMAND_NO_ROUTE; routes++)
		if (!(route_get(*routes)->flags & ROUTE_ALWAYS))
			passed[*routes] = true;
}

/* In the table's order, so that the same log gives the same file. */
static void take_best(const struct search *search, struct command_cover *cover)
{
	bool taken[COVER_MAX] = {false};

	for (size_t i = 0; i < search->best_count; i++)
		taken[search->best[i]] = true;
	for (size_t i = 0; i < search->count; i++) {
		const struct command *command = search->candidates[i].command;

		if (!taken[i])
			continue;
		cover->commands[cover->count++] = command;
		note_passed(command->is, cover->passed);
		note_passed(command->needs, cover->passed);
	}
}

void command_cover(const bool wanted[ROUTE_COUNT], struct command_cover *cover)
{
	struct candidate candidates[COVER_MAX];
	struct search search = {.candidates = candidates};
	struct route_set all = {0}, covered = {0}, none = {0};

	memset(cover, 0, sizeof(*cover));
	for (int route = 0; route < ROUTE_COUNT; route++) {
		if (wanted[route] && !(route_get(route)->flags & ROUTE_ALWAYS))
			add(&all, route);
		if (strcmp(route_get(route)->method, "GET") && strcmp(route_get(route)->method, "HEAD"))
			add(&search.changing, route);
	}
	search.count = collect(&all, candidates);
	for (size_t i = 0; i < search.count; i++)
		covered = either(&covered, &candidates[i].useful);
	for (int route = 0; route < ROUTE_COUNT; route++)
		cover->uncovered[route] = has(&all, route) && !has(&covered, route);
	begin_with_all(&search, &covered);
	descend(&search, &covered, &none, 0, 0);
	cover->smallest = search.nodes <= NODES_MAX;
	take_best(&search, cover);
}
