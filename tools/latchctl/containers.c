// SPDX-License-Identifier: Apache-2.0
/*
 * From the pinned maps which containers there are and what they are to latch, and whose the connections
 * are that the mediator holds; from the engine what people call them. It decides nothing.
 */
#include "containers.h"
#include "maps_connections.h"
#include "maps_containers.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "audit_words.h"
#include "audit_reader.h"
#include "maps.h"

#define ENGINE_TIMEOUT_MS 2000
#define ANSWER_MAX	  (16 << 20)

/* ---- from the kernel ---- */

/* Containers by their ids: one has several scopes where it makes cgroups of its own. */
static void add_scope(uint64_t cgroup, enum latch_tag tag, const char *id, void *context)
{
	(void)cgroup;
	if (!*id)
		return; /* a cgroup that the administrator trusts is no container */
	if (!json_object_get(context, id))
		json_object_set_new(context, id,
			json_pack("{s:s, s:s, s:n, s:s, s:s}", "id", id, "verdict", audit_tag_name(tag),
				"connections", "name", "", "image", ""));
}

struct connections {
	json_t *containers;
	json_int_t all;
};

static void add_connection(const struct latch_conn *label, void *context)
{
	struct connections *connections = context;
	json_t *container, *number;

	if (label->kind != LATCH_GUARD_PUBLIC)
		return;
	connections->all++;
	container = json_object_get(connections->containers, label->container);
	number = json_object_get(container, "connections");
	if (number)
		json_object_set_new(container, "connections",
			json_integer(json_integer_value(number) + 1));
}

static void count_connections(
	const struct maps *maps, pid_t mediator, json_t *containers, json_t *status)
{
	struct connections connections = {.containers = containers};
	json_t *container;
	const char *id;

	json_object_foreach(containers, id, container)
		json_object_set_new(container, "connections", json_integer(0));
	if (maps_each_connection(maps, mediator, add_connection, &connections) < 0) {
		json_object_foreach(containers, id, container)
			json_object_set_new(container, "connections", json_null());
		return;
	}
	json_object_set_new(json_object_get(status, "containers"), "connections",
		json_integer(connections.all));
}

/* ---- from the engine ---- */

struct answer {
	char *text;
	size_t length;
};

static size_t on_data(char *data, size_t size, size_t count, void *context)
{
	struct answer *answer = context;
	char *more;

	if (answer->length + size * count > ANSWER_MAX)
		return 0; /* ends the transfer */
	more = realloc(answer->text, answer->length + size * count + 1);
	if (!more)
		return 0;
	memcpy(more + answer->length, data, size * count);
	answer->text = more;
	answer->length += size * count;
	return size * count;
}

/* NULL: it does not answer. */
static json_t *ask_engine(const char *socket)
{
	CURL *curl = curl_easy_init();
	struct answer answer = {0};
	json_t *list = NULL;
	long status = 0;

	if (!curl)
		return NULL;
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_URL, "http://engine/containers/json");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ENGINE_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	if (!curl_easy_perform(curl) &&
		!curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) && status == 200)
		list = json_loadb(answer.text, answer.length, 0, NULL);
	curl_easy_cleanup(curl);
	free(answer.text);
	return list;
}

static void add_names(const char *socket, json_t *containers)
{
	json_t *list = ask_engine(socket), *row;
	size_t i;

	json_array_foreach(list, i, row) {
		json_t *container = json_object_get(containers, record_text(row, "Id"));
		const char *name =
			json_string_value(json_array_get(json_object_get(row, "Names"), 0));

		if (!container)
			continue;
		if (name)
			json_object_set_new(
				container, "name", json_string(name + (*name == '/')));
		json_object_set_new(container, "image", json_string(record_text(row, "Image")));
	}
	json_decref(list);
}

void containers_add(json_t *status)
{
	json_t *containers = json_object(), *list = json_array(), *container;
	pid_t mediator = json_integer_value(json_object_get(status, "mediator_pid"));
	struct maps maps;
	const char *id;

	if (!maps_open(&maps)) {
		maps_each_scope(&maps, add_scope, containers);
		if (mediator > 0)
			count_connections(&maps, mediator, containers, status);
		maps_close(&maps);
	}
	if (json_object_size(containers))
		add_names(record_text(status, "socket"), containers);
	json_object_foreach(containers, id, container)
		json_array_append(list, container);
	json_object_set_new(json_object_get(status, "containers"), "list", list);
	json_decref(containers);
}
