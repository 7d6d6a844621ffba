/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LATCH_EXPLAIN_IMAGE_H
#define LATCH_EXPLAIN_IMAGE_H

#include "latchctl.h"

/*
 * What the image list that latchd runs with says to an image, and why: judged by latchd as at a start,
 * registries and engine asked where that is needed. `image`: a name, or an id. Returns LATCHCTL_OK
 * where a container of it may hold the socket, LATCHCTL_NO where it may not.
 */
int explain_image(const char *image, bool json);

#endif
