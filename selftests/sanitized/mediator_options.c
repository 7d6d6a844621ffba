// SPDX-License-Identifier: Apache-2.0
/*
 * Options of the address sanitizer in the mediator, which has no environment that could bring them: the
 * leak checker cannot look into a process that has given up what this one has. valgrind does.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
