// SPDX-License-Identifier: GPL-2.0
/*
 * A V4L2 device captures into memory that another driver allocated: the
 * address goes in by QBUF(USERPTR), the picture is found in the memory of the
 * exporter.  Ordinary memory is captured into as well, as ever.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "frame.h"
#include "memory.h"
#include "observe.h"
#include "video.h"

/* One chunk of the system heap; the frame takes 29 pages of it. */
#define MEMORY_SIZE	(1024 * 1024)
#define TIMEOUT		120

static size_t page_size;

static void __attribute__((constructor)) init_page_size(void)
{
	page_size = sysconf(_SC_PAGESIZE);
}

FIXTURE(userptr)
{
	int importer;
	bool missing;
	struct memory mem;
	unsigned char *target;		/* the mapping handed to the importer */
	struct view view;		/* another one */
	unsigned char reference[FRAME_SIZE];
	char row[ROW_LENGTH];
};

FIXTURE_VARIANT(userptr)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(userptr, vivid_contig) { .kind = MEMORY_VIVID };
FIXTURE_VARIANT_ADD(userptr, vivid_dmabuf) { .kind = MEMORY_VIVID_DMABUF };
FIXTURE_VARIANT_ADD(userptr, cma_heap) { .kind = MEMORY_CMA_HEAP };
FIXTURE_VARIANT_ADD(userptr, system_heap) { .kind = MEMORY_SYSTEM_HEAP };
FIXTURE_VARIANT_ADD(userptr, udmabuf) { .kind = MEMORY_UDMABUF };
FIXTURE_VARIANT_ADD(userptr, memfd) { .kind = MEMORY_MEMFD };
FIXTURE_VARIANT_ADD(userptr, anonymous) { .kind = MEMORY_ANONYMOUS };

FIXTURE_SETUP(userptr)
{
	int ret;

	ret = memory_alloc_for_importer(&self->mem, variant->kind, MEMORY_SIZE,
					&self->importer);
	self->missing = ret == -ENODEV;
	if (self->missing)
		return;
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, video_reference(self->importer, self->reference));

	self->target = memory_map(&self->mem);
	ASSERT_NE(MAP_FAILED, self->target);
	self->view.size = MEMORY_SIZE;
	self->view.map = self->target;
	if (variant->kind != MEMORY_ANONYMOUS)
		self->view.map = memory_map(&self->mem);
	ASSERT_NE(MAP_FAILED, self->view.map);
}

FIXTURE_TEARDOWN(userptr)
{
}

/* Nothing has touched the mapping handed in: no page table entry to read. */
TEST_F_TIMEOUT(userptr, captures, TIMEOUT)
{
	int ret;

	name_row(self->row, "vivid captures into %s", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ret = capture(self->importer, self->target, &self->view, self->reference);
	print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);
}

TEST_F_TIMEOUT(userptr, captures_at_odd_offset, TIMEOUT)
{
	int ret;

	name_row(self->row, "vivid captures into %s, at an odd offset", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	self->view.offset = 2 * page_size + 123;
	ret = capture(self->importer, self->target + self->view.offset, &self->view,
		      self->reference);
	print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);
}

TEST_F_TIMEOUT(userptr, captures_up_to_the_end, TIMEOUT)
{
	int ret;

	name_row(self->row, "vivid captures into %s, up to its last byte",
		 memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	self->view.offset = MEMORY_SIZE - FRAME_SIZE;
	ret = capture(self->importer, self->target + self->view.offset, &self->view,
		      self->reference);
	print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);
}

/* The detour leaves three VMAs, which resolve to one object at adjoining offsets. */
TEST_F_TIMEOUT(userptr, captures_across_split_mapping, TIMEOUT)
{
	unsigned char *middle = self->target + 5 * page_size;
	struct view blind = { .map = NULL };
	int refused, ret;

	name_row(self->row, "vivid captures into %s, mapping split by mprotect",
		 memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_EQ(0, mprotect(middle, page_size, PROT_READ));
	refused = capture(self->importer, self->target, &blind, self->reference);
	ASSERT_EQ(0, mprotect(middle, page_size, PROT_READ | PROT_WRITE));
	ret = capture(self->importer, self->target, &self->view, self->reference);
	print_row(self->row, "%s while a page is read-only, then %s", capture_result(refused),
		  capture_result(ret));
	EXPECT_EQ(-EFAULT, refused);
	ASSERT_EQ(0, ret);
}

TEST_F_TIMEOUT(userptr, captures_after_mremap, TIMEOUT)
{
	unsigned char *moved, *where;
	int ret;

	name_row(self->row, "vivid captures into %s, mapping moved by mremap",
		 memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	where = memory_reserve(MEMORY_SIZE);
	ASSERT_NE(MAP_FAILED, where);
	moved = mremap(self->target, MEMORY_SIZE, MEMORY_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       where);
	ASSERT_EQ(where, moved);
	if (variant->kind == MEMORY_ANONYMOUS)
		self->view.map = moved;
	ret = capture(self->importer, moved, &self->view, self->reference);
	print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);
}

TEST_F_TIMEOUT(userptr, captures_into_trimmed_mapping, TIMEOUT)
{
	size_t head = 3 * page_size;
	int ret;

	name_row(self->row, "vivid captures into %s, mapping trimmed by munmap",
		 memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_EQ(0, munmap(self->target, head));
	ASSERT_EQ(0, munmap(self->target + MEMORY_SIZE - head, head));
	self->view.offset = head;
	if (variant->kind == MEMORY_ANONYMOUS) {
		self->view.map += head;
		self->view.size -= 2 * head;
		self->view.offset = 0;
	}
	ret = capture(self->importer, self->target + head, &self->view, self->reference);
	print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);
}

static int queue_both(int importer, unsigned char *first, unsigned char *second)
{
	int ret = video_reqbufs(importer, V4L2_MEMORY_USERPTR, 2);

	if (!ret)
		ret = video_queue_user(importer, 0, first, FRAME_SIZE);
	if (!ret)
		ret = video_queue_user(importer, 1, second, FRAME_SIZE);
	if (!ret)
		ret = video_stream(importer, true);
	return ret;
}

/* Frames arrive in the order of queueing; both views must hold theirs. */
static int capture_both(int importer, unsigned char *first, unsigned char *second,
			const struct view views[2], const unsigned char *reference)
{
	int i, ret;

	view_poison(&views[0]);
	view_poison(&views[1]);
	ret = queue_both(importer, first, second);
	for (i = 0; ret >= 0 && i < 2; i++)
		ret = video_dequeue(importer, V4L2_MEMORY_USERPTR);
	for (i = 0; ret >= 0 && i < 2; i++) {
		if (!view_matches(&views[i], reference))
			ret = -EBADMSG;
	}
	capture_stop(importer);
	return ret < 0 ? ret : 0;
}

TEST_F_TIMEOUT(userptr, captures_into_both_halves, TIMEOUT)
{
	size_t half = MEMORY_SIZE / 2;
	struct view views[2];
	int ret;

	name_row(self->row, "vivid captures into two places of one %s", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	views[0] = (struct view) { .map = self->view.map, .size = half };
	views[1] = (struct view) { .map = self->view.map + half, .size = half };
	ret = capture_both(self->importer, self->target, self->target + half, views,
			   self->reference);
	print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);
}

/* The second QBUF of the same index lets go of the first memory. */
TEST_F_TIMEOUT(userptr, changes_memory_between_frames, TIMEOUT)
{
	struct memory other;
	struct view view;
	int before, first, second;
	int ret;

	name_row(self->row, "vivid captures into %s, then into another",
		 memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	before = observe_pins();
	ASSERT_EQ(0, memory_alloc_sibling(&other, &self->mem));
	view = (struct view) { .map = memory_map(&other), .size = MEMORY_SIZE };
	ASSERT_NE(MAP_FAILED, view.map);

	ret = capture_start(self->importer, self->target, &self->view);
	first = observe_pins();
	if (!ret)
		ret = video_dequeue(self->importer, V4L2_MEMORY_USERPTR);
	if (!ret && !view_matches(&self->view, self->reference))
		ret = -EBADMSG;
	view_poison(&view);
	if (!ret)
		ret = video_queue_user(self->importer, 0, view.map, FRAME_SIZE);
	if (!ret)
		ret = capture_frame(self->importer, view.map, &view, self->reference);
	second = observe_pins();
	capture_stop(self->importer);
	print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);
	EXPECT_EQ(first, second);
	EXPECT_EQ(before, observe_pins());
}

/*
 * Mappings made of pieces.  vivid's own node maps buffers whole only, and of
 * ordinary memory any pieces will do, so those are not here.
 */
FIXTURE(pieces)
{
	int importer;
	bool missing;
	struct memory mem;
	unsigned char *target;
	struct view view;
	unsigned char reference[FRAME_SIZE];
	char row[ROW_LENGTH];
};

FIXTURE_VARIANT(pieces)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(pieces, vivid_dmabuf) { .kind = MEMORY_VIVID_DMABUF };
FIXTURE_VARIANT_ADD(pieces, cma_heap) { .kind = MEMORY_CMA_HEAP };
FIXTURE_VARIANT_ADD(pieces, system_heap) { .kind = MEMORY_SYSTEM_HEAP };
FIXTURE_VARIANT_ADD(pieces, udmabuf) { .kind = MEMORY_UDMABUF };

FIXTURE_SETUP(pieces)
{
	int ret;

	ret = memory_alloc_for_importer(&self->mem, variant->kind, MEMORY_SIZE,
					&self->importer);
	self->missing = ret == -ENODEV;
	if (self->missing)
		return;
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, video_reference(self->importer, self->reference));
	self->view.size = MEMORY_SIZE;
	self->view.map = memory_map(&self->mem);
	ASSERT_NE(MAP_FAILED, self->view.map);
	self->target = memory_reserve(MEMORY_SIZE);
	ASSERT_NE(MAP_FAILED, self->target);
}

FIXTURE_TEARDOWN(pieces)
{
}

static bool map_piece(const struct memory *mem, unsigned char *where, int from_page,
		      int pages)
{
	return memory_map_at(mem, where, from_page * page_size,
			     pages * page_size) == where;
}

TEST_F_TIMEOUT(pieces, captures_across_adjoining, TIMEOUT)
{
	int ret;

	name_row(self->row, "vivid captures into %s, mapped in two pieces",
		 memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_TRUE(map_piece(&self->mem, self->target, 4, 10));
	ASSERT_TRUE(map_piece(&self->mem, self->target + 10 * page_size, 14, 60));
	self->view.offset = 4 * page_size;
	ret = capture(self->importer, self->target, &self->view, self->reference);
	print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);
}

/* One object, but not one range of it. */
TEST_F_TIMEOUT(pieces, refuses_swapped, TIMEOUT)
{
	int ret;

	name_row(self->row, "%s, mapped in two pieces the wrong way round",
		 memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_TRUE(map_piece(&self->mem, self->target, 60, 20));
	ASSERT_TRUE(map_piece(&self->mem, self->target + 20 * page_size, 0, 60));
	ret = capture(self->importer, self->target, &self->view, self->reference);
	print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(-EFAULT, ret);
}

TEST_F_TIMEOUT(pieces, refuses_gap_in_object, TIMEOUT)
{
	int ret;

	name_row(self->row, "%s, mapped in two pieces with a page left out",
		 memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_TRUE(map_piece(&self->mem, self->target, 0, 10));
	ASSERT_TRUE(map_piece(&self->mem, self->target + 10 * page_size, 11, 60));
	ret = capture(self->importer, self->target, &self->view, self->reference);
	print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(-EFAULT, ret);
}

/* What must not change: the importer's other ways of streaming. */
FIXTURE(control)
{
	int importer;
	bool missing;
	unsigned char reference[FRAME_SIZE];
	char row[ROW_LENGTH];
};

FIXTURE_SETUP(control)
{
	self->importer = video_open_importer();
	self->missing = self->importer == -ENODEV;
	if (self->missing)
		return;
	ASSERT_LE(0, self->importer);
	ASSERT_EQ(0, video_reference(self->importer, self->reference));
}

FIXTURE_TEARDOWN(control)
{
}

TEST_F_TIMEOUT(control, streams_by_mmap, TIMEOUT)
{
	unsigned char frame[FRAME_SIZE];
	int ret;

	name_row(self->row, "vivid streams by MMAP");
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ret = video_reference(self->importer, frame);
	if (!ret && memcmp(frame, self->reference, FRAME_SIZE))
		ret = -EBADMSG;
	print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);
}

static int capture_into_dmabuf(int importer, int dmabuf)
{
	int ret = video_reqbufs(importer, V4L2_MEMORY_DMABUF, 1);

	if (!ret)
		ret = video_queue_dmabuf(importer, 0, dmabuf);
	if (!ret)
		ret = video_stream(importer, true);
	if (!ret)
		ret = video_dequeue(importer, V4L2_MEMORY_DMABUF);
	video_stream(importer, false);
	video_reqbufs(importer, V4L2_MEMORY_DMABUF, 0);
	return ret;
}

TEST_F_TIMEOUT(control, streams_by_dmabuf, TIMEOUT)
{
	struct view view = { .size = MEMORY_SIZE };
	struct memory mem;
	int ret;

	name_row(self->row, "vivid streams by DMABUF");
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ret = memory_alloc(&mem, MEMORY_VIVID_DMABUF, MEMORY_SIZE);
	self->missing = ret == -ENODEV;
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_EQ(0, ret);
	view.map = memory_map(&mem);
	ASSERT_NE(MAP_FAILED, view.map);
	view_poison(&view);
	ret = capture_into_dmabuf(self->importer, mem.fd);
	if (!ret && !view_matches(&view, self->reference))
		ret = -EBADMSG;
	print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);
}

/* Each page of a buffer carries its number; a mapping from page 5 on shows 5. */
static int first_page_shown(int importer, size_t from)
{
	struct v4l2_buffer buf;
	unsigned char *all, *part;
	int dmabuf, ret;
	size_t i;

	ret = video_reqbufs(importer, V4L2_MEMORY_MMAP, 1);
	if (ret)
		return ret;
	ret = video_querybuf(importer, 0, &buf);
	dmabuf = ret ?: video_export_buffer(importer, 0);
	if (dmabuf < 0)
		return dmabuf;
	all = mmap(NULL, buf.length, PROT_READ | PROT_WRITE, MAP_SHARED,
		   importer, buf.m.offset);
	part = mmap(NULL, page_size, PROT_READ, MAP_SHARED, dmabuf,
		    from * page_size);
	if (all == MAP_FAILED || part == MAP_FAILED)
		return -errno;
	for (i = 0; i < buf.length / page_size; i++)
		memset(all + i * page_size, i, page_size);
	return part[0] == part[page_size - 1] ? part[0] : -EBADMSG;
}

TEST_F_TIMEOUT(control, vmalloc_dmabuf_is_mapped_from_its_offset, TIMEOUT)
{
	int page;

	name_row(self->row, "exported vmalloc buffer, mapped from page 5 on");
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	page = first_page_shown(self->importer, 5);
	print_row(self->row, "shows page %d", page);
	ASSERT_EQ(5, page);
}

/* The other tests are worth what their comparison is worth. */
TEST_F_TIMEOUT(control, notices_wrong_content, TIMEOUT)
{
	static unsigned char memory[FRAME_SIZE + 64];
	struct view view = { .map = memory, .size = sizeof(memory), .offset = 32 };
	bool poison, exact, last_byte, after;

	name_row(self->row, "content check");
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	view_poison(&view);
	poison = view_matches(&view, self->reference);
	memcpy(memory + 32, self->reference, FRAME_SIZE);
	exact = view_matches(&view, self->reference);
	memory[32 + FRAME_SIZE - 1] ^= 1;
	last_byte = view_matches(&view, self->reference);
	memory[32 + FRAME_SIZE - 1] ^= 1;
	memory[32 + FRAME_SIZE] ^= 1;
	after = view_matches(&view, self->reference);
	print_row(self->row, "poison %s, the frame %s, one wrong bit %s, a byte too many %s",
		  poison ? "taken" : "rejected", exact ? "taken" : "rejected",
		  last_byte ? "taken" : "rejected", after ? "taken" : "rejected");
	EXPECT_FALSE(poison);
	EXPECT_TRUE(exact);
	EXPECT_FALSE(last_byte);
	EXPECT_FALSE(after);
}

TEST_HARNESS_MAIN
