// SPDX-License-Identifier: Apache-2.0
/*
 * When to look at the clock, and when to tell. Nothing is sent while nothing happens, and nothing is
 * decided here.
 */
#include "client.h"
#include "figures.h"

#define SEND_TIME 1000 /* ms */

static void count_clients(const struct mediator *mediator, struct wire_figures *figures)
{
	figures->host_clients = figures->contained_clients = 0;
	figures->held_bytes = 0;
	for (const struct client *client = mediator->clients; client; client = client->next) {
		if (client_is_contained(client))
			figures->contained_clients++;
		else
			figures->host_clients++;
		if (client->request)
			figures->held_bytes += client->request->judgement.held;
	}
}

static void send_figures(struct mediator *mediator)
{
	struct figures *figures = &mediator->figures;
	uint64_t turned_away = mediator->listener.turned_away;

	count_clients(mediator, &figures->now);
	figures->now.questions = mediator->warden.count;
	figures->now.turned_away = turned_away - figures->turned_away_sent;
	if (warden_link_figures(&mediator->warden, &figures->now) < 0) {
		figures_changed(mediator); /* no room now: they go with the next ones */
		return;
	}
	figures->turned_away_sent = turned_away;
	figures->now = (struct wire_figures){0};
}

static void on_soon(uv_timer_t *timer)
{
	send_figures(timer->data);
}

void figures_open(struct mediator *mediator)
{
	uv_timer_init(&mediator->loop, &mediator->figures.soon);
	mediator->figures.soon.data = mediator;
}

void figures_close(struct mediator *mediator)
{
	if (uv_is_active((uv_handle_t *)&mediator->figures.soon))
		send_figures(mediator);
	uv_close((uv_handle_t *)&mediator->figures.soon, NULL);
}

void figures_changed(struct mediator *mediator)
{
	uv_handle_t *soon = (uv_handle_t *)&mediator->figures.soon;

	if (!uv_is_active(soon) && !uv_is_closing(soon))
		uv_timer_start(&mediator->figures.soon, on_soon, SEND_TIME, 0);
}

void figures_head(struct client *client)
{
	client->head_time = uv_hrtime();
	client->decided = client->shown = false;
}

/* What is refused before there is a head, as a client that is turned away, takes no time. */
static void observe(struct client *client, bool *counted, struct histogram *histogram)
{
	if (!client->head_time || *counted)
		return;
	*counted = true;
	histogram_observe(histogram, uv_hrtime() - client->head_time);
	figures_changed(client->mediator);
}

void figures_decided(struct client *client)
{
	observe(client, &client->decided, &client->mediator->figures.now.decision);
}

void figures_answered(struct client *client)
{
	observe(client, &client->shown, &client->mediator->figures.now.answer);
}

void figures_host_passed(struct client *client)
{
	int route = client->request->match.id;

	if (route >= 0 && route < ROUTE_COUNT)
		client->mediator->figures.now.host_passed[route]++;
	figures_changed(client->mediator);
}
