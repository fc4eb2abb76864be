// SPDX-License-Identifier: GPL-2.0
/*
 * Drivers that go while memory is shared: unbound importers and exporters,
 * unloaded modules.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "guest.h"
#include "node.h"
#include "observe.h"
#include "place.h"
#include "variants.h"
#include "video.h"

#define DRIVER		"/sys/bus/pci/drivers/vo_capture"
#define MODULE		"/sys/module/vo_capture"

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool ok = file && fgets(line, size, file);

	if (file)
		fclose(file);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

static int load(const char *path, const char *params)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, params, 0))
		ret = -errno;
	close(fd);
	return ret;
}

static int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

/* ---- unbinding ---- */

FIXTURE(unbind)
{
	struct place place;
	struct window window;
	char pci[64];
	int fd;
	int pins;
};

FIXTURE_VARIANT(unbind)
{
	enum node node;
};

ON_NODES(unbind);

FIXTURE_SETUP(unbind)
{
	self->pins = observe_pins();
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(unbind)
{
	/* For the tests that follow, however this one ended */
	if (self->pci[0])
		write_file(DRIVER "/bind", self->pci);
}

static struct window window_of(const struct place *place)
{
	return (struct window) {
		.map = place->view, .size = place->size, .len = NODE_FRAME,
	};
}

static int make_window(struct place *place, enum place_kind kind,
		       struct window *window)
{
	int ret = place_make(place, kind);

	*window = window_of(place);
	return ret;
}

/* All of a dma-buf, which who bounces takes as well */
static int make_small_window(struct place *place, enum place_kind kind,
			     struct window *window)
{
	int ret = place_make_small(place, kind);

	*window = window_of(place);
	return ret;
}

TEST_F_TIMEOUT(unbind, importer_while_it_captures, TIMEOUT)
{
	int fd;

	ASSERT_EQ(0, make_small_window(&self->place, PLACE_CMA_HEAP,
				       &self->window));
	ASSERT_EQ(0, node_start(self->fd, self->place.target, &self->window));
	ASSERT_EQ(0, node_take(self->fd, &self->window, 0));
	ASSERT_EQ(0, node_queue(self->fd, self->place.target, &self->window));
	EXPECT_EQ(self->pins + 1, observe_pins());

	ASSERT_EQ(0, node_pci_name(variant->node, self->pci, sizeof(self->pci)));
	ASSERT_EQ(0, write_file(DRIVER "/unbind", self->pci));
	EXPECT_EQ(self->pins, observe_pins());
	EXPECT_EQ(-ENODEV, video_stream(self->fd, false));
	EXPECT_EQ(-ENODEV, node_open(variant->node));
	/* Nobody draws any more */
	window_poison(&self->window);
	usleep(500000);
	EXPECT_TRUE(window_is_poison(&self->window));
	close(self->fd);

	ASSERT_EQ(0, write_file(DRIVER "/bind", self->pci));
	fd = node_open(variant->node);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, node_capture(fd, self->place.target, &self->window));
}

/*
 * videobuf2 keeps a buffer that is mapped or exported when its driver goes, and
 * always did: DMA_API_DEBUG calls it an allocation that the driver forgot.
 */
#define SKIP_IF_PENDING()						\
	do {								\
		if (guest_debugs_dma())					\
			SKIP(return, "DMA_API_DEBUG minds what outlives a driver"); \
	} while (0)

/* The buffer outlives the driver that exported it, up to the last unpin */
TEST_F_TIMEOUT(unbind, exporter_while_captured_into, TIMEOUT)
{
	SKIP_IF_PENDING();
	ASSERT_EQ(0, make_small_window(&self->place, PLACE_VB2_CONTIG,
				       &self->window));
	ASSERT_EQ(0, node_start(self->fd, self->place.target, &self->window));
	ASSERT_EQ(0, node_take(self->fd, &self->window, 0));

	ASSERT_EQ(0, node_pci_name(NODE_EXPORTER, self->pci, sizeof(self->pci)));
	ASSERT_EQ(0, write_file(DRIVER "/unbind", self->pci));
	EXPECT_EQ(self->pins + 1, observe_pins());
	/* the same memory, still pinned */
	ASSERT_EQ(0, node_queue(self->fd, self->place.target, &self->window));
	EXPECT_EQ(0, node_take(self->fd, &self->window, 1));
	node_stop(self->fd);
	EXPECT_EQ(self->pins, observe_pins());

	ASSERT_EQ(0, write_file(DRIVER "/bind", self->pci));
	EXPECT_LE(0, node_open(NODE_EXPORTER));
}

/*
 * Nothing has asked for a dma-buf as long as the driver was bound. Behind an
 * IOMMU the addresses of the memory went with the driver.
 */
TEST_F_TIMEOUT(unbind, exporter_before_the_first_pin, TIMEOUT)
{
	SKIP_IF_PENDING();
	ASSERT_EQ(0, make_small_window(&self->place, PLACE_VB2_CONTIG,
				       &self->window));
	window_poison(&self->window);
	ASSERT_EQ(0, node_pci_name(NODE_EXPORTER, self->pci, sizeof(self->pci)));
	ASSERT_EQ(0, write_file(DRIVER "/unbind", self->pci));
	EXPECT_EQ(0, node_capture(self->fd, self->place.target, &self->window));
	EXPECT_EQ(self->pins, observe_pins());

	ASSERT_EQ(0, write_file(DRIVER "/bind", self->pci));
	EXPECT_LE(0, node_open(NODE_EXPORTER));
}

/* ---- unloading ---- */

TEST(open_importer_stays_loaded)
{
	int fd = node_open(NODE_SG);

	ASSERT_LE(0, fd);
	EXPECT_NE(0, unload("vo_capture"));
	close(fd);
}

TEST(pinned_exporter_stays_loaded)
{
	int fd = node_open(NODE_SG);
	struct window window;
	struct place place;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, make_window(&place, PLACE_EXTENTS, &window));
	ASSERT_EQ(0, node_start(fd, place.target, &window));
	ASSERT_EQ(0, node_take(fd, &window, 0));
	munmap(place.target, PLACE_SIZE);
	munmap(place.view, PLACE_SIZE);
	close(place.fd);
	EXPECT_EQ(-EAGAIN, unload("vo_extents"));
	node_stop(fd);
	EXPECT_EQ(0, unload("vo_extents"));
	EXPECT_EQ(0, load("/modules/vo_extents.ko", ""));
}

TEST(idle_importer_unloads_and_loads)
{
	char memops[128], mask[64], seg[128], params[512];
	struct window window;
	struct place place;
	int fd;

	ASSERT_TRUE(read_line(MODULE "/parameters/memops", memops, sizeof(memops)));
	ASSERT_TRUE(read_line(MODULE "/parameters/dma_mask", mask, sizeof(mask)));
	ASSERT_TRUE(read_line(MODULE "/parameters/max_seg", seg, sizeof(seg)));
	ASSERT_EQ(0, unload("vo_capture"));
	EXPECT_EQ(-ENODEV, node_open(NODE_SG));
	snprintf(params, sizeof(params), "memops=%s dma_mask=%s max_seg=%s", memops,
		 mask, seg);
	ASSERT_EQ(0, load("/modules/vo_capture.ko", params));
	fd = node_open(NODE_SG);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, make_window(&place, PLACE_ANONYMOUS, &window));
	EXPECT_EQ(0, node_capture(fd, place.target, &window));
}

TEST_HARNESS_MAIN
