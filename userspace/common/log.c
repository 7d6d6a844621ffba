// SPDX-License-Identifier: Apache-2.0
/*
 * Writes each message as one line with one write, so that lines of several processes on the same
 * descriptor do not mix. Control characters are replaced: parts of a message can come from a
 * container.
 */
#include <stdarg.h>
#include <stdio.h>

#include "log.h"

static const char *program = "latch";

void log_open(const char *name)
{
	program = name;
}

static void PRINTF_LIKE(2, 0) write_line(const char *level, const char *format, va_list arguments)
{
	char line[1024];
	int length;

	length = snprintf(line, sizeof(line), "%s: %s", program, level);
	vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	length = strlen(line);
	line[length++] = '\n';
	/* Nobody is left to tell when standard error itself fails. */
	(void)!write(STDERR_FILENO, line, length);
}

#define DEFINE_LOG(name, level)                                                                    \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list arguments;                                                                 \
                                                                                                   \
		va_start(arguments, format);                                                       \
		write_line(level, format, arguments);                                              \
		va_end(arguments);                                                                 \
	}

DEFINE_LOG(log_error, "error: ")
DEFINE_LOG(log_warning, "warning: ")
DEFINE_LOG(log_info, "")
