// SPDX-License-Identifier: Apache-2.0
/*
 * The subset construction over the rows' templates, together with what else a path must be: an API
 * version that counts, at the beginning; no `//` and no dot segment, so that the engine does not
 * redirect; no control character. Then Moore's minimisation, and bytes that no state tells apart
 * become one class.
 */
#include "automaton.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ITEMS  8192 /* letters and variables of all templates, keys and words */
#define MAX_STATES 16384 /* before minimising */
#define SLOTS	   (4 * MAX_STATES)
#define MAX_CELLS  65536u
#define WORDS	   (MAX_ITEMS / 64)

/* A pattern is a sequence of items that ends in ITEM_END. */
enum item_kind {
	ITEM_BYTE,    /* this byte */
	ITEM_ANY,     /* one byte */
	ITEM_SEGMENT, /* one byte that is not / */
	ITEM_ANYS,    /* any number of bytes */
	ITEM_SEGMENTS,
	ITEM_END,
};

struct item {
	uint8_t kind; /* enum item_kind */
	uint8_t byte;
	uint16_t pattern; /* ITEM_END: which one is over */
};

/*
 * How far an optional /v<version>/ at the beginning has come. The engine reads a number of digits
 * in each component; older than 1.24 is refused, and so is an empty component.
 */
enum version {
	VERSION_OFF, /* read, or not there: what follows is path */
	VERSION_BEGIN,
	VERSION_SLASH,
	VERSION_V, /* "/v" and no digit or dot yet */
	VERSION_BAD, /* digits and dots, but no version that counts */
	MAJOR_0,
	MAJOR_1,
	MAJOR_2, /* two and more */
	MINOR_EMPTY, /* of major 1 */
	MINOR_0,
	MINOR_1,
	MINOR_2,
	MINOR_3, /* three to nine */
	MINOR_10, /* ten to 23 */
	MINOR_24, /* 24 and more: good so far */
	GOOD_EMPTY, /* a later component without digits yet */
	GOOD, /* a later component with digits; of major 2 and more, the minor number as well */
};

enum segment {
	SEGMENT_EMPTY, /* behind a slash */
	SEGMENT_DOT,
	SEGMENT_DOTS,
	SEGMENT_OTHER,
};

/* A state of the subset construction. */
struct subset {
	uint64_t items[WORDS];
	uint8_t part, version, segment, reserved[5];
};

struct builder {
	struct item items[MAX_ITEMS];
	unsigned item_count, pattern_count;
	unsigned first[PARTS], last[PARTS]; /* patterns of a part: [first, last) */
	unsigned begin[1024]; /* pattern -> its first item */
	const char *templates[1024]; /* pattern -> template; NULL in other parts */
	struct subset *states;
	unsigned state_count;
	uint16_t (*next)[256];
	unsigned *hash; /* open addressing: state + 1 */
	int16_t (*kinds)[1 + AUTOMATON_MAX_METHODS];
	unsigned kind_count;
	uint8_t *accept;
};

static void add_item(struct builder *b, enum item_kind kind, int byte)
{
	if (b->item_count == MAX_ITEMS)
		abort(); /* the limit is checked before anything is added */
	b->items[b->item_count++] = (struct item){ kind, byte, b->pattern_count };
}

/* `template` is one of routes.def, or a plain word. */
static void add_pattern(struct builder *b, const char *template, bool is_template)
{
	b->begin[b->pattern_count] = b->item_count;
	b->templates[b->pattern_count] = is_template ? template : NULL;
	for (const char *c = template; *c; c++) {
		const char *close = *c == '{' ? strchr(c, '}') : NULL;

		if (!close) {
			add_item(b, ITEM_BYTE, (unsigned char)*c);
			continue;
		}
		if (close[-1] == '*' || close[-1] == '+') {
			if (close[-1] == '+')
				add_item(b, ITEM_ANY, 0);
			add_item(b, ITEM_ANYS, 0);
		} else {
			add_item(b, ITEM_SEGMENT, 0);
			add_item(b, ITEM_SEGMENTS, 0);
		}
		c = close;
	}
	add_item(b, ITEM_END, 0);
	b->pattern_count++;
}

static void enter(const struct builder *b, struct subset *set, unsigned item)
{
	set->items[item / 64] |= 1ULL << (item % 64);
	if (b->items[item].kind == ITEM_ANYS || b->items[item].kind == ITEM_SEGMENTS)
		enter(b, set, item + 1);
}

static void step_item(const struct builder *b, struct subset *to, unsigned item, int byte)
{
	switch ((enum item_kind)b->items[item].kind) {
	case ITEM_BYTE:
		if (b->items[item].byte == byte)
			enter(b, to, item + 1);
		break;
	case ITEM_ANY:
		enter(b, to, item + 1);
		break;
	case ITEM_SEGMENT:
		if (byte != '/')
			enter(b, to, item + 1);
		break;
	case ITEM_ANYS:
		enter(b, to, item);
		break;
	case ITEM_SEGMENTS:
		if (byte != '/')
			enter(b, to, item);
		break;
	case ITEM_END:
		break;
	}
}

static void step_items(const struct builder *b, const struct subset *from, struct subset *to,
	int byte)
{
	for (unsigned word = 0; word < WORDS; word++) {
		for (uint64_t bits = from->items[word]; bits; bits &= bits - 1)
			step_item(b, to, word * 64 + __builtin_ctzll(bits), byte);
	}
}

static void begin_part(const struct builder *b, struct subset *set, enum automaton_part part)
{
	memset(set, 0, sizeof(*set));
	set->part = part;
	for (unsigned pattern = b->first[part]; pattern < b->last[part]; pattern++)
		enter(b, set, b->begin[pattern]);
}

static enum version step_minor(enum version version, int digit)
{
	switch (version) {
	case MINOR_EMPTY:
	case MINOR_0:
		return digit == 0 ? MINOR_0 : digit == 1 ? MINOR_1 : digit == 2 ? MINOR_2 : MINOR_3;
	case MINOR_1:
		return MINOR_10;
	case MINOR_2:
		return digit < 4 ? MINOR_10 : MINOR_24;
	default:
		return MINOR_24;
	}
}

static enum version step_digit(enum version version, int digit)
{
	switch (version) {
	case VERSION_V:
	case MAJOR_0:
		return digit == 0 ? MAJOR_0 : digit == 1 ? MAJOR_1 : MAJOR_2;
	case MAJOR_1:
	case MAJOR_2:
		return MAJOR_2;
	case MINOR_EMPTY:
	case MINOR_0:
	case MINOR_1:
	case MINOR_2:
	case MINOR_3:
	case MINOR_10:
	case MINOR_24:
		return step_minor(version, digit);
	case GOOD_EMPTY:
	case GOOD:
		return GOOD;
	default:
		return version == VERSION_BAD ? VERSION_BAD : VERSION_OFF;
	}
}

static enum version step_dot(enum version version)
{
	switch (version) {
	case MAJOR_1:
		return MINOR_EMPTY;
	case MAJOR_2:
	case MINOR_24:
	case GOOD:
		return GOOD_EMPTY;
	case VERSION_OFF:
	case VERSION_BEGIN:
	case VERSION_SLASH:
		return VERSION_OFF;
	default: /* a component is empty, or the version too old whatever follows */
		return VERSION_BAD;
	}
}

static enum version step_version(enum version version, int byte)
{
	if (version == VERSION_BEGIN)
		return byte == '/' ? VERSION_SLASH : VERSION_OFF;
	if (version == VERSION_SLASH)
		return byte == 'v' ? VERSION_V : VERSION_OFF;
	if (byte == '.')
		return step_dot(version);
	return byte >= '0' && byte <= '9' ? step_digit(version, byte - '0') : VERSION_OFF;
}

static bool is_good(enum version version)
{
	return version == MAJOR_2 || version == MINOR_24 || version == GOOD;
}

/* The engine answers 301 to what path.Clean would change, whatever the method, and runs nothing. */
static bool step_segment(struct subset *to, enum segment segment, int byte)
{
	if (byte == '/') {
		to->segment = SEGMENT_EMPTY;
		return segment == SEGMENT_OTHER;
	}
	if (byte != '.')
		to->segment = SEGMENT_OTHER;
	else
		to->segment = segment == SEGMENT_EMPTY ? SEGMENT_DOT :
			segment == SEGMENT_DOT	       ? SEGMENT_DOTS :
							 SEGMENT_OTHER;
	return true;
}

/* The prefix is over, and is taken off once: its last slash is the first byte of a path. */
static bool end_version(const struct builder *b, struct subset *to)
{
	struct subset start;

	begin_part(b, &start, PART_PATH);
	step_items(b, &start, to, '/');
	to->version = VERSION_OFF;
	to->segment = SEGMENT_EMPTY;
	return true;
}

/* Returns false where nothing can be accepted any more. */
static bool step_path(const struct builder *b, const struct subset *from, struct subset *to,
	int byte)
{
	bool first = from->version == VERSION_BEGIN;

	/* Nothing in the engine is named with one; readers disagree on where a newline ends. */
	if (byte < 0x20 || byte == 0x7f)
		return false;
	if (first && byte != '/')
		return false;
	if (byte == '/' && from->version > VERSION_V)
		return is_good(from->version) && end_version(b, to);
	step_items(b, from, to, byte);
	to->version = step_version(from->version, byte);
	if (first)
		return true; /* `segment` is SEGMENT_EMPTY */
	return step_segment(to, from->segment, byte);
}

static bool is_empty(const struct subset *set)
{
	for (unsigned word = 0; word < WORDS; word++) {
		if (set->items[word])
			return false;
	}
	return set->version == VERSION_OFF;
}

static unsigned find_state(struct builder *b, const struct subset *set)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	unsigned slot;

	for (size_t i = 0; i < sizeof(*set) / 8; i++)
		hash = (hash ^ ((const uint64_t *)set)[i]) * 0x100000001b3ULL;
	for (slot = (hash >> 20) % SLOTS; b->hash[slot]; slot = (slot + 1) % SLOTS) {
		if (memcmp(&b->states[b->hash[slot] - 1], set, sizeof(*set)) == 0)
			return b->hash[slot] - 1;
	}
	if (b->state_count == MAX_STATES)
		return MAX_STATES;
	b->states[b->state_count] = *set;
	b->hash[slot] = b->state_count + 1;
	return b->state_count++;
}

/* State 0 is the one that accepts nothing. */
static unsigned step(struct builder *b, unsigned state, int byte)
{
	const struct subset *from = &b->states[state];
	struct subset to = { .part = from->part };
	bool alive = true;

	if (state == 0)
		return 0;
	if (from->part == PART_PATH)
		alive = step_path(b, from, &to, byte);
	else
		step_items(b, from, &to, byte);
	return alive && !is_empty(&to) ? find_state(b, &to) : 0;
}

static int determinise(struct builder *b, uint16_t start[PARTS], FILE *errors)
{
	struct subset set = { .part = PARTS };

	find_state(b, &set); /* state 0 */
	for (int part = 0; part < PARTS; part++) {
		begin_part(b, &set, part);
		if (part == PART_PATH)
			set.version = VERSION_BEGIN;
		start[part] = find_state(b, &set);
	}
	for (unsigned state = 0; state < b->state_count; state++) {
		for (int byte = 0; byte < 256; byte++) {
			unsigned to = step(b, state, byte);

			if (to == MAX_STATES) {
				fprintf(errors, "mkroutes: more than %d states\n", MAX_STATES);
				return -1;
			}
			b->next[state][byte] = to;
		}
	}
	return 0;
}

static bool ends(const struct builder *b, const struct subset *set, unsigned pattern)
{
	unsigned last = pattern + 1 < b->pattern_count ? b->begin[pattern + 1] : b->item_count;

	return set->items[(last - 1) / 64] >> ((last - 1) % 64) & 1;
}

/* The first row of routes.def of each method whose template a path that ends here matches. */
static int path_kind(struct builder *b, const struct automaton *automaton,
	const struct subset *set, const struct row *rows, size_t count)
{
	int16_t kind[1 + AUTOMATON_MAX_METHODS];
	bool clean = set->segment == SEGMENT_EMPTY || set->segment == SEGMENT_OTHER;

	for (size_t i = 0; i < ARRAY_SIZE(kind); i++)
		kind[i] = -1;
	for (unsigned pattern = b->first[PART_PATH]; pattern < b->last[PART_PATH]; pattern++) {
		if (!clean || !ends(b, set, pattern))
			continue;
		for (size_t row = 0; row < count; row++) {
			unsigned method = 0;

			if (strcmp(rows[row].template, b->templates[pattern]) != 0)
				continue;
			while (strcmp(automaton->methods[method], rows[row].method) != 0)
				method++;
			if (kind[method + 1] < 0 || kind[method + 1] > (int)row)
				kind[method + 1] = row;
		}
	}
	for (unsigned i = 0; i < b->kind_count; i++) {
		if (memcmp(b->kinds[i], kind, sizeof(kind)) == 0)
			return i;
	}
	memcpy(b->kinds[b->kind_count], kind, sizeof(kind));
	return b->kind_count++;
}

/* Go's strconv.ParseBool reads these as false; what it does not read at all fails in the engine. */
static const char *const value_words[] = { "0", "f", "F", "FALSE", "false", "False", "none" };

static int value_mask(const struct builder *b, const struct subset *set)
{
	unsigned words = b->first[PART_VALUE], any = words + ARRAY_SIZE(value_words);
	int mask = 0;

	if (!ends(b, set, any)) /* {x:.+}: the value is empty */
		return 0;
	mask = WHEN_SET | WHEN_TRUE | WHEN_SOME;
	for (unsigned i = 0; i < ARRAY_SIZE(value_words); i++) {
		if (ends(b, set, words + i))
			mask &= strcmp(value_words[i], "none") == 0 ? ~WHEN_SOME : ~WHEN_TRUE;
	}
	return mask;
}

static int key_number(const struct builder *b, const struct subset *set)
{
	for (unsigned pattern = b->first[PART_KEY]; pattern < b->last[PART_KEY]; pattern++) {
		if (ends(b, set, pattern))
			return pattern - b->first[PART_KEY] + 1;
	}
	return 0;
}

static int find_accepts(struct builder *b, const struct automaton *automaton,
	const struct row *rows, size_t count, FILE *errors)
{
	struct subset nothing = { .segment = SEGMENT_DOT };

	path_kind(b, automaton, &nothing, rows, count); /* kind 0 */
	for (unsigned state = 1; state < b->state_count; state++) {
		const struct subset *set = &b->states[state];
		int accept = set->part == PART_PATH ? path_kind(b, automaton, set, rows, count) :
			set->part == PART_KEY	    ? key_number(b, set) :
						      value_mask(b, set);

		if (accept > 255) {
			fprintf(errors, "mkroutes: more than 256 kinds of path\n");
			return -1;
		}
		b->accept[state] = accept;
	}
	return 0;
}

/*
 * Moore's: states that accept the same and go to equal states are equal, round by round. On return
 * block[state] is its number after merging, in the order of first states, so state 0 stays 0.
 */
static unsigned minimise(const struct builder *b, uint16_t *block)
{
	unsigned n = b->state_count, blocks = 0, before;
	uint16_t *fresh = calloc(n, sizeof(*fresh));
	unsigned *leader = calloc(n, sizeof(*leader));

	/* What a state accepts is read by its part; nothing is the same in all of them. */
	for (unsigned s = 0; s < n; s++)
		block[s] = b->accept[s] ? b->states[s].part * 256 + b->accept[s] : 0;
	do {
		before = blocks;
		blocks = 0;
		for (unsigned s = 0; s < n; s++) {
			unsigned i;

			for (i = 0; i < blocks; i++) {
				unsigned t = leader[i];
				int byte = 0;

				if (block[s] != block[t])
					continue;
				while (byte < 256 &&
					block[b->next[s][byte]] == block[b->next[t][byte]])
					byte++;
				if (byte == 256)
					break;
			}
			if (i == blocks)
				leader[blocks++] = s;
			fresh[s] = i;
		}
		memcpy(block, fresh, n * sizeof(*fresh));
	} while (blocks != before);
	free(fresh);
	free(leader);
	return blocks;
}

static void merge_bytes(const struct builder *b, const uint16_t *block, struct automaton *automaton)
{
	int leader[256];

	automaton->classes = 0;
	for (int byte = 0; byte < 256; byte++) {
		unsigned class;

		for (class = 0; class < automaton->classes; class++) {
			unsigned state = 0;

			while (state < b->state_count && block[b->next[state][byte]] ==
				block[b->next[state][leader[class]]])
				state++;
			if (state == b->state_count)
				break;
		}
		if (class == automaton->classes)
			leader[automaton->classes++] = byte;
		automaton->byte_class[byte] = class;
	}
}

static int fill(const struct builder *b, struct automaton *automaton, FILE *errors)
{
	unsigned n = b->state_count;
	uint16_t *block = calloc(n, sizeof(*block));

	if (!block)
		return -1;
	automaton->states = minimise(b, block);
	merge_bytes(b, block, automaton);
	if (automaton->states * (automaton->classes + 1) > MAX_CELLS) {
		fprintf(errors, "mkroutes: %u states of %u cells, more than the %u that a table of "
				"16-bit cells can address\n",
			automaton->states, automaton->classes + 1, MAX_CELLS);
		free(block);
		return -1;
	}
	automaton->next = calloc(automaton->states * automaton->classes, sizeof(uint16_t));
	automaton->accept = calloc(automaton->states, 1);
	automaton->paths = b->kind_count;
	automaton->rows = calloc(b->kind_count * (1 + automaton->method_count), sizeof(int16_t));
	for (unsigned state = 0; state < n; state++) {
		uint16_t *row = &automaton->next[block[state] * automaton->classes];

		automaton->accept[block[state]] = b->accept[state];
		for (int byte = 0; byte < 256; byte++)
			row[automaton->byte_class[byte]] = block[b->next[state][byte]];
	}
	for (int part = 0; part < PARTS; part++)
		automaton->start[part] = block[automaton->start[part]];
	for (unsigned kind = 0; kind < b->kind_count; kind++)
		memcpy(&automaton->rows[kind * (1 + automaton->method_count)], b->kinds[kind],
			(1 + automaton->method_count) * sizeof(int16_t));
	free(block);
	return 0;
}

/* The word's place in the list, at its end if it is new; -1 when the list is full. */
static int find_word(const char **words, unsigned *count, unsigned limit, const char *word)
{
	for (unsigned i = 0; i < *count; i++) {
		if (strcmp(words[i], word) == 0)
			return i;
	}
	if (*count == limit)
		return -1;
	words[*count] = word;
	return (*count)++;
}

static int find_words(const struct row *rows, size_t count, struct automaton *automaton,
	FILE *errors)
{
	for (size_t i = 0; i < count; i++) {
		if (find_word(automaton->methods, &automaton->method_count, AUTOMATON_MAX_METHODS,
			    rows[i].method) < 0) {
			fprintf(errors, "mkroutes: more than %d methods\n", AUTOMATON_MAX_METHODS);
			return -1;
		}
		for (const char *const *key = rows[i].discriminator.keys; *key; key++) {
			int k = find_word(automaton->keys, &automaton->key_count,
				AUTOMATON_MAX_KEYS, *key);

			if (k < 0) {
				fprintf(errors, "mkroutes: more than %d query keys\n",
					AUTOMATON_MAX_KEYS);
				return -1;
			}
			automaton->key_when[k] = rows[i].discriminator.when;
		}
	}
	return 0;
}

static int add_patterns(struct builder *b, const struct row *rows, size_t count,
	const struct automaton *automaton, FILE *errors)
{
	size_t length = 0;

	for (size_t i = 0; i < count; i++)
		length += strlen(rows[i].template) + 1;
	if (length + 1024 > MAX_ITEMS || count + AUTOMATON_MAX_KEYS + 16 > ARRAY_SIZE(b->begin)) {
		fprintf(errors, "mkroutes: the templates are too many or too long\n");
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		unsigned p = 0;

		while (p < b->pattern_count && strcmp(b->templates[p], rows[i].template) != 0)
			p++;
		if (p == b->pattern_count)
			add_pattern(b, rows[i].template, true);
	}
	b->last[PART_PATH] = b->first[PART_KEY] = b->pattern_count;
	for (unsigned i = 0; i < automaton->key_count; i++)
		add_pattern(b, automaton->keys[i], false);
	b->last[PART_KEY] = b->first[PART_VALUE] = b->pattern_count;
	for (unsigned i = 0; i < ARRAY_SIZE(value_words); i++)
		add_pattern(b, value_words[i], false);
	add_pattern(b, "{x:.+}", false);
	b->last[PART_VALUE] = b->pattern_count;
	return 0;
}

static void free_builder(struct builder *b)
{
	if (!b)
		return;
	free(b->states);
	free(b->next);
	free(b->hash);
	free(b->kinds);
	free(b->accept);
	free(b);
}

static struct builder *new_builder(void)
{
	struct builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->states = calloc(MAX_STATES, sizeof(*b->states));
	b->next = calloc(MAX_STATES, sizeof(*b->next));
	b->hash = calloc(SLOTS, sizeof(*b->hash));
	b->kinds = calloc(MAX_STATES, sizeof(*b->kinds));
	b->accept = calloc(MAX_STATES, 1);
	if (b->states && b->next && b->hash && b->kinds && b->accept)
		return b;
	free_builder(b);
	return NULL;
}

int automaton_build(const struct row *rows, size_t count, struct automaton *automaton,
	FILE *errors)
{
	struct builder *b = new_builder();
	int r = -1;

	memset(automaton, 0, sizeof(*automaton));
	if (!b)
		fprintf(errors, "mkroutes: out of memory\n");
	else if (find_words(rows, count, automaton, errors) == 0 &&
		add_patterns(b, rows, count, automaton, errors) == 0 &&
		determinise(b, automaton->start, errors) == 0 &&
		find_accepts(b, automaton, rows, count, errors) == 0)
		r = fill(b, automaton, errors);
	free_builder(b);
	return r;
}

void automaton_free(struct automaton *automaton)
{
	free(automaton->next);
	free(automaton->accept);
	free(automaton->rows);
}
