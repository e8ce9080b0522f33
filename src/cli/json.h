/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands' answers in JSON say of findings. */
#ifndef CF_CLI_JSON_H
#define CF_CLI_JSON_H

#include <jansson.h>
#include <stdio.h>

#define SIGNATURE 256

/* Member @name of @object, "" where there is none. */
static inline const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name)) ?: "";
}

/* The names in @list, which `list --json functions` said, as an object's members. */
static inline json_t *names_of(const json_t *list)
{
	json_t *names = json_object(), *function;
	size_t i;

	json_array_foreach(list, i, function)
		json_object_set_new(names, text_of(function, "name"), json_true());
	return names;
}

/* "LAW CLOCK EVENT" of @finding, in @buf */
static inline const char *signature_of(const json_t *finding, char buf[SIGNATURE])
{
	snprintf(buf, SIGNATURE, "%s %s %s", text_of(finding, "law"),
		 text_of(finding, "clock"), text_of(finding, "event"));
	return buf;
}

#endif
