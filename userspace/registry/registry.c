// SPDX-License-Identifier: Apache-2.0
/*
 * The queue: how many are asked at once, and in which order. What is asked of whom, and what an answer
 * is worth, is the conversation's (conversation.c).
 */
#include <errno.h>

#include "conversation.h"
#include "registry.h"
#include "util.h"

#define MAX_RUNNING  16 /* conversations, each with one request at a time */
#define MAX_PER_HOST 6  /* of one domain */

struct registry_query {
	struct registry *registry;
	struct registry_query *next;
	struct reference reference;
	char known[REGISTRY_DIGEST_SIZE];
	unsigned int flags;
	registry_done_fn done;
	void *context;
	struct conversation *conversation; /* NULL: it waits */
	uint64_t began; /* ns */
};

struct registry {
	uv_loop_t *loop;
	struct exchange exchange;
	uv_timer_t soon;
	struct registry_query *waiting, *running;
	struct registry_figures figures;
	char **strings;     /* copies, of what options show */
	size_t string_count;
};

static void query_unlink(struct registry_query **link, const struct registry_query *query)
{
	while (*link != query)
		link = &(*link)->next;
	*link = query->next;
}

static void pump(struct registry *registry);

static void on_soon(uv_timer_t *timer)
{
	pump(timer->data);
}

static void later(struct registry *registry)
{
	uv_timer_start(&registry->soon, on_soon, 0, 0);
}

static void on_done(const struct registry_result *result, void *context)
{
	struct registry_query *query = context;
	struct registry *registry = query->registry;

	query_unlink(&registry->running, query);
	registry->figures.running--;
	histogram_observe(&registry->figures.duration, uv_hrtime() - query->began);
	registry->figures.ended[result->state]++;
	/* Before the callback, which may free the registry. */
	if (registry->waiting)
		later(registry);
	query->done(result, query->context);
	free(query);
}

static bool has_room(const struct registry *registry, const char *domain)
{
	unsigned int count = 0;

	for (const struct registry_query *query = registry->running; query; query = query->next)
		count += !strcmp(query->reference.domain, domain);
	return count < MAX_PER_HOST;
}

static void begin(struct registry *registry, struct registry_query *query)
{
	static const struct registry_result failed = {
		.state = REGISTRY_FAILED, .error = -ENOMEM, .problem = "out of memory"};

	query_unlink(&registry->waiting, query);
	query->next = registry->running;
	registry->running = query;
	registry->figures.waiting--;
	registry->figures.running++;
	query->began = uv_hrtime();
	if (conversation_start(&registry->exchange, registry->loop, &query->reference, query->known,
		    query->flags, on_done, query, &query->conversation) < 0)
		on_done(&failed, query);
}

/* From a timer: what ends at once calls back from the loop, and not from registry_ask. */
static void pump(struct registry *registry)
{
	struct registry_query *next;

	for (struct registry_query *query = registry->waiting; query; query = next) {
		next = query->next;
		if (registry->figures.running == MAX_RUNNING)
			break;
		if (has_room(registry, query->reference.domain)) {
			begin(registry, query);
			/* A callback may have changed the list, or ended it all. */
			later(registry);
			break;
		}
	}
}

int registry_ask(struct registry *registry, const struct reference *reference, const char *known,
	unsigned int flags, registry_done_fn done, void *context, struct registry_query **handle)
{
	struct registry_query *query = calloc(1, sizeof(*query));
	struct registry_query **link = &registry->waiting;

	if (!query)
		return -ENOMEM;
	query->registry = registry;
	query->reference = *reference;
	COPY_STRING(query->known, known ? known : "");
	query->flags = flags;
	query->done = done;
	query->context = context;
	/* Behind those who wait already, and those for whom somebody waits before all others. */
	while (*link && (!(flags & REGISTRY_URGENT) || (*link)->flags & REGISTRY_URGENT))
		link = &(*link)->next;
	query->next = *link;
	*link = query;
	registry->figures.waiting++;
	later(registry);
	if (handle)
		*handle = query;
	return 0;
}

void registry_cancel(struct registry_query *query)
{
	struct registry *registry = query->registry;

	if (query->conversation) {
		conversation_cancel(query->conversation);
		query_unlink(&registry->running, query);
		registry->figures.running--;
		later(registry);
	} else {
		query_unlink(&registry->waiting, query);
		registry->figures.waiting--;
	}
	free(query);
}

const struct registry_figures *registry_figures(const struct registry *registry)
{
	return &registry->figures;
}

/* Options. */

static const char *keep(struct registry *registry, const char *text)
{
	char *copy = strdup(text);

	if (copy)
		registry->strings[registry->string_count++] = copy;
	return copy;
}

static size_t count_of(const char *const *list)
{
	size_t count = 0;

	while (list && list[count])
		count++;
	return count;
}

/* A list of copies that ends with NULL; the list itself is kept among the strings as well. */
static int keep_list(struct registry *registry, const char *const *from, const char *const **to)
{
	size_t count = count_of(from);
	const char **list = calloc(count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	registry->strings[registry->string_count++] = (char *)list;
	for (size_t i = 0; i < count; i++) {
		list[i] = keep(registry, from[i]);
		if (!list[i])
			return -ENOMEM;
	}
	*to = list;
	return 0;
}

static int take_options(struct registry *registry, const struct registry_options *options)
{
	struct exchange *exchange = &registry->exchange;
	int r;

	registry->strings = calloc(
		count_of(options->mirrors) + count_of(options->insecure) + 2, sizeof(char *));
	if (!registry->strings)
		return -ENOMEM;
	r = keep_list(registry, options->mirrors, &exchange->options.mirrors);
	if (!r)
		r = keep_list(registry, options->insecure, &exchange->options.insecure);
	if (r < 0)
		return r;
	exchange->credentials = credentials_new(registry->loop, options->config);
	if (options->certificates)
		exchange->hosts.certificates = strdup(options->certificates);
	return exchange->credentials && (!options->certificates || exchange->hosts.certificates) ?
		       0 :
		       -ENOMEM;
}

struct registry *registry_new(
	uv_loop_t *loop, struct fetch_pool *pool, const struct registry_options *options)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	if (!registry)
		return NULL;
	registry->loop = loop;
	registry->exchange.pool = pool;
	uv_timer_init(loop, &registry->soon);
	registry->soon.data = registry;
	if (take_options(registry, options) < 0) {
		registry_free(registry);
		return NULL;
	}
	return registry;
}

static void on_closed(uv_handle_t *handle)
{
	struct registry *registry = handle->data;

	for (size_t i = 0; i < registry->string_count; i++)
		free(registry->strings[i]);
	free(registry->strings);
	free(registry);
}

void registry_free(struct registry *registry)
{
	if (!registry)
		return;
	while (registry->running)
		registry_cancel(registry->running);
	while (registry->waiting)
		registry_cancel(registry->waiting);
	credentials_free(registry->exchange.credentials);
	hosts_clear(&registry->exchange.hosts);
	tickets_clear(&registry->exchange.tickets);
	uv_close((uv_handle_t *)&registry->soon, on_closed);
}
