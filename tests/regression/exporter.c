// SPDX-License-Identifier: GPL-2.0
/*
 * exporter KIND PROGRAM ARGUMENTS...: run PROGRAM with a buffer of that kind open
 * as file descriptor 9. Ends with 4 if there is no such driver.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest.h"
#include "memory.h"

#define SIZE	(1024 * 1024)

static const struct {
	const char *name;
	enum memory_kind kind;
} kinds[] = {
	{ "vivid", MEMORY_VIVID },
	{ "vivid-dmabuf", MEMORY_VIVID_DMABUF },
	{ "cma-heap", MEMORY_CMA_HEAP },
	{ "system-heap", MEMORY_SYSTEM_HEAP },
	{ "udmabuf", MEMORY_UDMABUF },
};

int main(int argc, char **argv)
{
	struct memory mem;
	size_t i;
	int ret;

	for (i = 0; argc > 2 && i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, argv[1]))
			continue;
		ret = memory_alloc(&mem, kinds[i].kind, SIZE);
		if (ret == -ENODEV)
			return 4;
		if (ret || dup2(mem.fd, 9) != 9)
			break;
		execv(argv[2], argv + 2);
		break;
	}
	fprintf(stderr, "exporter: cannot run %s with a buffer\n", argc > 2 ? argv[2] : "nothing");
	return 1;
}
