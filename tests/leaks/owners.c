// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest.h"
#include "owners.h"
#include "video.h"

#define KIB	1024ul
#define MIB	(1024 * KIB)

const struct owner owners[] = {
	{ MEMORY_VIVID, "vivid dma-contig buffer", 512 * KIB },
	{ MEMORY_VIVID_DMABUF, "exported vivid dma-contig buffer", 512 * KIB },
	{ MEMORY_CMA_HEAP, "CMA heap", 512 * KIB },
	{ MEMORY_SYSTEM_HEAP, "system heap", 512 * KIB },
	{ MEMORY_UDMABUF, "udmabuf", 512 * KIB },
	{ MEMORY_MEMFD, "shared memfd", 512 * KIB, true },
	{ MEMORY_ANONYMOUS, "anonymous memory", 512 * KIB, true },
	{ MEMORY_HUGETLB, "hugetlb", 4 * MIB, true },
};

const size_t nr_owners = ARRAY_SIZE(owners);

int round_open(struct round *round, const struct owner *owner)
{
	int ret;

	memset(round, 0, sizeof(*round));
	round->owner = owner;
	round->importer = video_open_importer();
	if (round->importer < 0)
		return round->importer;
	ret = memory_alloc(&round->mem, owner->kind, owner->size);
	if (!ret)
		return 0;
	round_close_importer(round);
	return ret;
}

int round_map(struct round *round)
{
	round->target = memory_map(&round->mem);
	if (round->target != MAP_FAILED)
		return 0;
	round->target = NULL;
	return -errno;
}

int round_queue(struct round *round, void *addr)
{
	int ret = video_reqbufs(round->importer, V4L2_MEMORY_USERPTR, 1);

	return ret ?: video_queue_user(round->importer, 0, addr, ROUND_LENGTH);
}

int round_stream(struct round *round)
{
	int ret = video_stream(round->importer, true);

	return ret ?: video_dequeue(round->importer, V4L2_MEMORY_USERPTR);
}

void round_unmap(struct round *round)
{
	if (round->target)
		munmap(round->target, round->owner->size);
	round->target = NULL;
}

void round_close_memory(struct round *round)
{
	memory_close(&round->mem);
}

void round_close_importer(struct round *round)
{
	if (round->importer >= 0)
		close(round->importer);
	round->importer = -1;
}

void round_end(struct round *round)
{
	round_unmap(round);
	round_close_memory(round);
	round_close_importer(round);
}
