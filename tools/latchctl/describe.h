/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes and commands in words, the same in every command of latchctl.
 */
#ifndef LATCH_DESCRIBE_H
#define LATCH_DESCRIBE_H

#include <jansson.h>

#include "latchctl.h"
#include "verdict.h"

/* "IMAGE_PUSH": the row's name in routes.def. */
const char *describe_id(int route);

/* What must hold beside method and path for the row to count; "" if nothing. */
void describe_discriminator(int route, char *text, size_t size);

/* "exact", "shared", ... */
const char *describe_support(enum command_support support);

/* "passes" or "refused", and the style for it. */
const char *describe_verdict(bool pass);
enum style describe_style(bool pass);

/* row, id, method, template, discriminator: a new object. */
json_t *describe_route_object(int route);

/* A command's list of routes as an array of the rows' names. */
json_t *describe_ids(const short *routes);

/* The commands that stand so to the route, by their first names; [] for ROUTE_NONE. */
json_t *describe_commands(int route, enum relation relation);

/* An array of strings. */
json_t *describe_names(const char *const *names, size_t count);

#endif
