// SPDX-License-Identifier: GPL-2.0
/*
 * Whose memory goes where: a BAR to V4L2, which cannot let go of it; V4L2's
 * memory to VFIO, which takes it as ordinary memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "containers.h"
#include "observe.h"
#include "peer.h"
#include "trace.h"
#include "video.h"

#define TIMEOUT		120
#define BUFFER_IOVA	0x60000000ULL

FIXTURE(buffers)
{
	struct peer peer;
	int video;
	int pins;
};

FIXTURE_VARIANT(buffers)
{
	enum container kind;
};

CONTAINER_VARIANTS(buffers)

FIXTURE_SETUP(buffers)
{
	if (container_missing(variant->kind))
		SKIP(return, "no iommufd");
	self->pins = observe_pins();
	ASSERT_EQ(0, peer_open(&self->peer, variant->kind, IVSHMEM));
	self->video = video_open_importer();
	ASSERT_LE(0, self->video);
}

FIXTURE_TEARDOWN(buffers)
{
	close(self->video);
	peer_close_victim(&self->peer);
	peer_close_engine(&self->peer);
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_F_TIMEOUT(buffers, bar_into_v4l2, TIMEOUT)
{
	ASSERT_EQ(0, video_reqbufs(self->video, V4L2_MEMORY_USERPTR, 1));
	EXPECT_EQ(-EOPNOTSUPP, video_queue_user(self->video, 0, self->peer.bar,
						FRAME_SIZE));
	EXPECT_TRUE(peer_works(&self->peer, 1));
}

/* It is made of pages, and those are what is pinned */
TEST_F_TIMEOUT(buffers, vmalloc_into_vfio, TIMEOUT)
{
	size_t len = FRAME_SIZE & ~(size_t)4095;
	struct v4l2_buffer buffer = {};
	unsigned char *map;

	ASSERT_EQ(0, video_reqbufs(self->video, V4L2_MEMORY_MMAP, 1));
	ASSERT_EQ(0, video_querybuf(self->video, 0, &buffer));
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, self->video,
		   buffer.m.offset);
	ASSERT_NE(MAP_FAILED, map);
	memset(map, 0, len);
	ASSERT_EQ(0, container_map(self->peer.container, map, len,
				   BUFFER_IOVA));
	memset(self->peer.ram, 0xa5, EDU_MOST);
	ASSERT_EQ(0, edu_read(&self->peer.edu, PEER_RAM_IOVA, EDU_MOST));
	ASSERT_EQ(0, edu_write(&self->peer.edu, BUFFER_IOVA + 4096, EDU_MOST));
	EXPECT_EQ(0, map[4095]);
	EXPECT_EQ(0, memcmp(map + 4096, self->peer.ram, EDU_MOST));
	EXPECT_EQ(0, map[4096 + EDU_MOST]);
	EXPECT_EQ((int64_t)len, container_unmap(self->peer.container,
						BUFFER_IOVA, len));
	munmap(map, len);
}

/* ---- a mapping for writing only, as GUP takes it ---- */

TEST_F_TIMEOUT(buffers, bar_mapped_for_writing_only, TIMEOUT)
{
	struct peer *peer = &self->peer;

	ASSERT_EQ((int64_t)peer->size,
		  container_unmap(peer->container, peer->iova, peer->size));
	ASSERT_EQ(0, mprotect(peer->bar, peer->size, PROT_WRITE));
	ASSERT_EQ(0, peer_map(peer, peer->iova));
	EXPECT_TRUE(peer_carries(peer, 1));
}

TEST_F_TIMEOUT(buffers, bar_mapped_for_reading_only, TIMEOUT)
{
	struct peer *peer = &self->peer;

	ASSERT_EQ((int64_t)peer->size,
		  container_unmap(peer->container, peer->iova, peer->size));
	ASSERT_EQ(0, mprotect(peer->bar, peer->size, PROT_READ));
	EXPECT_EQ(-EFAULT, peer_map(peer, peer->iova));
}

/* ---- the IOMMU's page tables, on the account of who maps ---- */

#define ALLOCATED	"kmem/mm_page_alloc"

TEST_F_TIMEOUT(buffers, page_tables_are_charged, TIMEOUT)
{
	struct peer *peer = &self->peer;
	char filter[64];
	int ret;

	snprintf(filter, sizeof(filter), "common_pid == %d", getpid());
	ret = trace_begin(ALLOCATED, filter);
	if (ret == -ENOENT)
		SKIP(return, "no tracing");
	ASSERT_EQ(0, ret);
	/* Far from all else: it takes tables of its own */
	ASSERT_EQ(0, peer_map(peer, 0x2000000000ULL));
	EXPECT_LT(0, trace_end(ALLOCATED, "GFP_KERNEL_ACCOUNT"));
	EXPECT_TRUE(peer_works(peer, 1));
}

TEST_HARNESS_MAIN
