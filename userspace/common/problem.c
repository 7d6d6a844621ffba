// SPDX-License-Identifier: Apache-2.0
/* Sentences for errors; see problem.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "problem.h"

int problem_set(char **problem, int error, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(problem, format, arguments);
	va_end(arguments);
	if (length >= 0)
		return error;
	*problem = NULL;
	return -ENOMEM;
}

const char *problem_text(const char *problem, int error)
{
	return problem ? problem : strerror(error < 0 ? -error : error);
}
