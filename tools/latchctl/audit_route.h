/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LATCH_AUDIT_ROUTE_H
#define LATCH_AUDIT_ROUTE_H

#include <jansson.h>

#include "route.h"

/*
 * Which row of this version's table a record of a request is about: route_id where the row there has
 * the record's method and template, else what its method and URI are. ROUTE_NONE: no row.
 */
int audit_route(const json_t *record);

#endif
