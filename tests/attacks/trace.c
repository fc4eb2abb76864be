// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trace.h"

#define EVENTS	"/sys/kernel/tracing/events"
#define TRACE	"/sys/kernel/tracing/trace"

static int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ssize_t ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text));
	close(fd);
	return ret < 0 ? -errno : 0;
}

static int set(const char *event, const char *what, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), EVENTS "/%s/%s", event, what);
	return write_to(path, text);
}

int trace_begin(const char *event, const char *filter)
{
	return set(event, "filter", filter) ?: write_to(TRACE, "") ?:
	       set(event, "enable", "1");
}

int trace_end(const char *event, const char *text)
{
	char line[1024];
	int count = 0, ret;
	FILE *trace;

	ret = set(event, "enable", "0");
	if (ret)
		return ret;
	trace = fopen(TRACE, "r");
	while (trace && fgets(line, sizeof(line), trace))
		count += !!strstr(line, text);
	if (trace)
		fclose(trace);
	return count;
}
