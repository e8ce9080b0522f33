// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include "subject.h"

const char *subject_versions(const struct subject *subject)
{
	static char buf[200];
	size_t n = 0;

	for (; subject && n < sizeof(buf); subject = subject->successor)
		n += snprintf(buf + n, sizeof(buf) - n, "%s%s", n ? "+" : "",
			      subject->version);
	return buf;
}
