// SPDX-License-Identifier: GPL-2.0
/*
 * An owner is told when a driver begins and ends to access its memory by the
 * CPU: vivid, whose queue is a vmalloc one, captures into a buffer of
 * tests/module/vma_bracket.ko, which counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frame.h"
#include "video.h"

#define LENGTH	(1 << 20)

static int failed, tests;

static void report(const char *name, int ok)
{
	failed |= !ok;
	printf("%s %d %s\n", ok ? "ok" : "not ok", ++tests, name);
	fflush(stdout);
}

static int load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		return -errno;
	return close(fd);
}

static int counted(const char *what)
{
	char path[96];
	int n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/vma_bracket/parameters/%s", what);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	printf("# %s: %d\n", what, n);
	return n;
}

int main(void)
{
	static unsigned char reference[FRAME_SIZE];
	struct view view = { .size = LENGTH };
	int importer, file, ret;
	void *target;

	printf("TAP version 13\n1..4\n");
	ret = load("/modules/vma_bracket.ko");
	if (ret) {
		printf("Bail out! vma_bracket.ko: %s\n", strerror(-ret));
		return 1;
	}
	file = open("/dev/vma_bracket", O_RDWR | O_CLOEXEC);
	target = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (target == MAP_FAILED) {
		printf("Bail out! /dev/vma_bracket: %s\n", strerror(errno));
		return 1;
	}
	close(file);
	view.map = target;

	importer = video_open_importer();
	ret = importer < 0 ? importer : video_reference(importer, reference);
	if (!ret)
		ret = capture(importer, target, &view, reference);
	printf("# %s\n", capture_result(ret));
	report("captures_into_counting_exporter", !ret);
	report("begins_are_announced", counted("begins") >= 2);
	report("ends_are_announced", counted("ends") == counted("begins"));
	report("none_out_of_turn", counted("wrong") == 0);
	return failed;
}
