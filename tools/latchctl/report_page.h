/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as a page: one file, without script, that asks the network for nothing.
 */
#ifndef LATCH_REPORT_PAGE_H
#define LATCH_REPORT_PAGE_H

#include <jansson.h>
#include <stdio.h>

/* Writes the page for what report_facts made. Errors are the stream's: see ferror. */
void report_page(FILE *out, json_t *facts);

/* Its parts, each a file. */
extern const char report_style[];		      /* report_style.c */
void report_chart(FILE *out, json_t *series);	      /* report_chart.c: refusals over time */
void report_bar(FILE *out, json_t *row, json_int_t most); /* a row's refusals, of `most` */

/* "1,234,567" */
void report_number(FILE *out, json_int_t number);

#endif
