// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "reference/plant.h"
#include "subject.h"

const struct subject *const subjects[] = {
#ifdef CF_HAS_LINUX
	&subject_linux,
#endif
	&subject_reference,
	NULL
};

#ifdef CF_HAS_LINUX
const struct subject *subject = &subject_linux;
#else
const struct subject *subject = &subject_reference;
#endif

bool subject_from_environment(void)
{
	const char *name = getenv("CLOCKFUZZ_SUBJECT");
	const char *slug = getenv("CLOCKFUZZ_PLANT");
	u32 i = 0;

	plant_on = slug && *slug ? plant_by_slug(slug) : PLANT_NONE;
	if (slug && *slug && !plant_on) {
		fprintf(stderr, "clockfuzz: --plant %s: see clockfuzz list planted\n",
			slug);
		return false;
	}
	if (plant_on && (!name || !*name))
		name = subject_reference.name;
	while (name && *name && subjects[i] && strcmp(subjects[i]->name, name))
		i++;
	if (!subjects[i]) {
		fprintf(stderr, "clockfuzz: --subject %s: see clockfuzz list subjects\n",
			name);
		return false;
	}
	subject = subjects[i];
	if (plant_on && subject != &subject_reference) {
		fprintf(stderr, "clockfuzz: bugs are planted in subject reference only\n");
		return false;
	}
	return true;
}

/* Every program that runs a subject is told in the same way. */
__attribute__((constructor)) static void choose(void)
{
	if (!subject_from_environment())
		exit(2);
}

const char *subject_versions(const struct subject *subject)
{
	static char buf[200];
	size_t n = 0;

	for (; subject && n < sizeof(buf); subject = subject->successor)
		n += snprintf(buf + n, sizeof(buf) - n, "%s%s", n ? "+" : "",
			      subject->version);
	return buf;
}
