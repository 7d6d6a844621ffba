/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sentences of Enhanced Container Isolation, byte for byte as Docker Desktop gives them, so
 * that whoever searches for one finds the same answers; and those for what only latch refuses.
 */
#ifndef LATCH_MESSAGES_H
#define LATCH_MESSAGES_H

/* One %s: the image as the client named it. */
#define MESSAGE_MOUNT_DENIED                                                                       \
	"enhanced container isolation: docker socket mount denied for container with image "      \
	"\"%s\"; image is not in the allowed list; if you wish to allow it, configure the docker " \
	"socket image list in the Docker Desktop settings."

/*
 * What newer versions of Docker Desktop say instead, with `latchd --mount-message=parent`. One %s as
 * above, and behind it, where a local image is known that the refused one is derived from, another.
 */
#define MESSAGE_MOUNT_DENIED_NEWER                                                                 \
	"enhanced container isolation: Docker socket mount denied for container with image \"%s\"; " \
	"image is not in the allowed list. If you wish to allow it, add the image name to the "    \
	"Docker socket image list in the Docker Desktop admin-settings."
#define MESSAGE_MOUNT_PARENT                                                                       \
	" Alternatively add its parent image (%s) to the Docker socket image list in "             \
	"admin-settings and set allowDerivedImages to true."

/* One %s: the request URI as the client sent it. */
#define MESSAGE_COMMAND_BLOCKED                                                                    \
	"enhanced container isolation: docker command \"%s\" is blocked; if you wish to allow it, " \
	"configure the docker socket command list in the Docker Desktop settings or admin-settings."

/*
 * latch's own, of what a container may not hand out. The field that asked, what it asks for, and by what
 * name the settings would allow it.
 */
#define MESSAGE_HOST_ACCESS                                                                        \
	"latch: %s: a container may not hand out %s; if you wish to allow it, add \"%s\" to "       \
	"dockerSocketMount.hostAccess in the admin-settings, for all images or for this one."

/* Behind MESSAGE_COMMAND_BLOCKED, where none of BuildKit's calls is allowed. */
#define MESSAGE_BUILDKIT_HINT                                                                      \
	" (latch: no command that uses BuildKit is allowed; `latchctl explain docker build` says why)"

/* Behind MESSAGE_COMMAND_BLOCKED, of a build. One %s: what says that it pushes. */
#define MESSAGE_BUILD_PUSHES                                                                       \
	" (latch: this build pushes, %s, and push is blocked: build without that, or allow push)"

#endif
