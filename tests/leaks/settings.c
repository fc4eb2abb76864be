// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"

unsigned long setting(const char *name, unsigned long otherwise)
{
	char line[4096] = "", *word, *save = NULL, *end;
	size_t len = strlen(name);
	FILE *file = fopen("/proc/cmdline", "r");
	unsigned long value;

	if (file && !fgets(line, sizeof(line), file))
		line[0] = '\0';
	if (file)
		fclose(file);
	for (word = strtok_r(line, "\n ", &save); word; word = strtok_r(NULL, "\n ", &save)) {
		if (strncmp(word, name, len) || word[len] != '=')
			continue;
		value = strtoul(word + len + 1, &end, 0);
		if (end != word + len + 1 && !*end)
			return value;
	}
	return otherwise;
}
