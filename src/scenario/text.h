/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text form of a corpus file.
 *
 *	# story, kept as it is
 *	harness fuzz_timeline
 *	expect 6.12 signed KVM_GET_CLOCK get-clock
 *	expect 6.1 silent
 *
 *	machine
 *	  tsc_khz 2304000
 *	  cpus 2
 *	  ...
 *	events
 *	  advance 5 s          # comment at a line's end is kept too
 *	  run-vcpu 0 on cpu 1
 *
 * and for a harness over a pure function, instead of machine and events:
 *
 *	fields
 *	  delta 3
 *	  mul 0xffffffff
 */
#ifndef CF_TEXT_H
#define CF_TEXT_H

#include <stdio.h>
#include "scenario.h"

struct text_error {
	int line, column;		/* from 1 */
	char message[200];
};

#define TEXT_MAX_EXPECT 8

/* What a corpus file says must happen on a tree. */
struct text_expect {
	char tree[16];			/* version prefix, "6.12", or "any" */
	char law[16];			/* or "silent" */
	char clock[40];
	char event[24];			/* "-" for pure harnesses */
};

struct text_file {
	char harness[32];
	u32 nr_expect;
	struct text_expect expect[TEXT_MAX_EXPECT];
	bool is_timeline;		/* harness is fuzz_timeline */
	struct scenario scenario;	/* when is_timeline */
	char fields[4096];		/* else: "name value\n"... for input_redirect() */
	char *comments;			/* see text_print(); owned */
};

/* Parses @len bytes.  0, or -1 with @err set.  Free with text_free(). */
int text_parse(struct text_file *file, const char *buf, size_t len,
	       struct text_error *err);
void text_free(struct text_file *file);

/*
 * Writes the canonical text, comments where they stood.  Parsing the output
 * gives @file again; printing that gives the same bytes.
 */
void text_print(const struct text_file *file, FILE *out);

/* Units for people: "5 s", "1.5 ms" only when exact, else "1234567 ns". */
void text_print_machine(const struct machine *machine, FILE *out);
void text_print_event(const struct event *event, FILE *out);

#endif
