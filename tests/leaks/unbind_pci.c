// SPDX-License-Identifier: GPL-2.0
/*
 * A PCI device is unbound while another device captures into its memory, or
 * while it captures itself: exporter and importer are two devices here, each of
 * which goes alone. The device is that of tests/capture.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "books.h"
#include "driver.h"
#include "frame.h"
#include "kselftest.h"
#include "node.h"
#include "observe.h"
#include "owners.h"
#include "settings.h"
#include "video.h"

#define BUFFER_SIZE	(512 * 1024)
#define FRAMES		3

static const char * const memops[] = { "contig", "sg", "vmalloc" };

static struct driver pci = { "/sys/bus/pci/drivers/vo_capture" };
static struct driver vivid = { "/sys/bus/platform/drivers/vivid" };
static unsigned long times;

/* ---- the exporter goes ---- */

/* A buffer of the exporting node, captured into by vivid. */
struct capture {
	int exporter, importer;
	unsigned char *target;
	struct view view;
	unsigned char reference[FRAME_SIZE];
};

static int open_both(struct capture *c)
{
	struct v4l2_buffer buf;
	int ret;

	c->importer = video_open_importer();
	if (c->importer < 0)
		return c->importer;
	c->exporter = node_open(NODE_EXPORTER);
	if (c->exporter < 0)
		return c->exporter;
	ret = video_reference(c->importer, c->reference);
	ret = ret ?: video_create_buffer(c->exporter, BUFFER_SIZE, &buf);
	if (ret)
		return ret;
	c->view.size = BUFFER_SIZE;
	c->target = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, c->exporter,
			 buf.m.offset);
	c->view.map = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, c->exporter,
			   buf.m.offset);
	return c->target == MAP_FAILED || c->view.map == MAP_FAILED ? -errno : 0;
}

static bool frames_arrive(struct capture *c)
{
	int i, ret = 0;

	for (i = 0; !ret && i < FRAMES; i++)
		ret = capture_frame(c->importer, c->target, &c->view, c->reference);
	if (ret)
		ksft_print_msg("capturing: %s\n", capture_result(ret));
	return !ret;
}

/* The pin alone is left: no file, no mapping, no driver. */
static bool only_pinned(struct capture *c, long bytes)
{
	bool good;

	munmap(c->target, BUFFER_SIZE);
	munmap(c->view.map, BUFFER_SIZE);
	c->view.map = NULL;
	close(c->exporter);
	good = expect(observe_in_use(MEMORY_CMA_HEAP) >= bytes + BUFFER_SIZE / 2,
		      "the pin holds the memory");
	good &= expect(frames_arrive(c), "frames arrive in memory that is only pinned");
	good &= expect(observe_in_use(MEMORY_CMA_HEAP) >= bytes + BUFFER_SIZE / 2,
		       "the pin still holds the memory");
	return good;
}

static bool exporter_unbound(const struct owner *unused, size_t unused_node)
{
	long bytes = observe_in_use(MEMORY_CMA_HEAP);
	int pins = observe_pins(), pinned;
	struct capture c = {};
	bool good;
	int ret = open_both(&c);

	ret = ret ?: capture_start(c.importer, c.target, &c.view);
	if (ret)
		ksft_print_msg("vivid into a buffer of vo_capture: %s\n", strerror(-ret));
	if (ret || !frames_arrive(&c))
		return false;
	/* one pin, or two where vivid wants a second buffer, of other memory */
	pinned = observe_pins();
	good = expect(pinned > pins, "the memory is pinned");
	good &= expect(!node_pci_name(NODE_EXPORTER, pci.device, sizeof(pci.device)),
		      "the exporter is a PCI device");
	good &= expect(!driver_tell(&pci, "unbind"), "the exporter is unbound");
	good &= expect(frames_arrive(&c), "frames arrive after the exporter is gone");
	good &= expect(observe_pins() == pinned, "its memory stays pinned");
	good &= only_pinned(&c, bytes);
	capture_stop(c.importer);
	good &= expect(observe_until_below(MEMORY_CMA_HEAP, bytes + BUFFER_SIZE / 2),
		       "the last unpin frees the memory");
	good &= expect(observe_pins() == pins, "nothing is pinned");
	close(c.importer);
	return expect(!driver_tell(&pci, "bind"), "the exporter is bound again") && good;
}

/* ---- the importer goes ---- */

struct import {
	int importer;
	struct memory mem;
	unsigned char *target;
	struct window window;
};

static int queue_import(struct import *m)
{
	window_poison(&m->window);
	return video_queue_user(m->importer, 0, m->target, ROUND_LENGTH);
}

static void end_import(struct import *m, const struct owner *owner)
{
	if (m->target)
		munmap(m->target, owner->size);
	memory_close(&m->mem);
	if (m->importer >= 0)
		close(m->importer);
}

static int try_import(struct import *m, const struct owner *owner, size_t node)
{
	int ret;

	m->importer = node_open(node);
	if (m->importer < 0)
		return m->importer;
	ret = memory_alloc(&m->mem, owner->kind, owner->size);
	if (ret)
		return ret;
	m->target = memory_map(&m->mem);
	if (m->target == MAP_FAILED) {
		m->target = NULL;
		return -errno;
	}
	m->window = (struct window) {
		.map = m->target, .size = NODE_FRAME, .len = NODE_FRAME,
	};
	ret = video_reqbufs(m->importer, V4L2_MEMORY_USERPTR, 1);
	ret = ret ?: queue_import(m);
	ret = ret ?: video_stream(m->importer, true);
	ret = ret ?: node_take(m->importer, &m->window, 0);
	return ret ?: queue_import(m);
}

static bool start_import(struct import *m, const struct owner *owner, size_t node)
{
	int ret;

	*m = (struct import) { .mem = { .fd = -1, .device = -1, .memfd = -1 } };
	ret = try_import(m, owner, node);
	if (!ret)
		return true;
	ksft_print_msg("%s by %s: %s\n", owner->name, memops[node], strerror(-ret));
	end_import(m, owner);
	return false;
}

static bool importer_unbound(const struct owner *owner, size_t node)
{
	int pins = observe_pins();
	struct import m;
	bool good;

	if (!start_import(&m, owner, node))
		return false;
	good = expect(observe_pins() == pins + 1, "the memory is pinned");
	good &= expect(!node_pci_name(node, pci.device, sizeof(pci.device)),
		       "the importer is a PCI device");
	good &= expect(!driver_tell(&pci, "unbind"), "the importer is unbound");
	good &= expect(observe_pins() == pins, "its pin went with it");
	end_import(&m, owner);
	return expect(!driver_tell(&pci, "bind"), "the importer is bound again") && good;
}

/* vivid's buffer, of which the driver goes while the node captures into it */
static bool vivid_unbound(const struct owner *owner, size_t node)
{
	struct import m;
	bool good;
	int ret;

	if (!start_import(&m, owner, node))
		return false;
	good = expect(!driver_tell(&vivid, "unbind"), "vivid is unbound");
	ret = node_take(m.importer, &m.window, 1);
	ret = ret ?: queue_import(&m);
	ret = ret ?: node_take(m.importer, &m.window, 2);
	good &= expect(!ret, "frames arrive after the exporter is gone");
	node_stop(m.importer);
	end_import(&m, owner);
	return expect(!driver_tell(&vivid, "bind"), "vivid is bound again") && good;
}

/* ---- all of it, with the books ---- */

struct trial {
	bool (*unbound)(const struct owner *owner, size_t node);
	const struct owner *owner;
	size_t node;
};

static bool repeat(void *arg)
{
	struct trial *trial = arg;
	unsigned long i;

	for (i = 0; i < times; i++)
		if (!trial->unbound(trial->owner, trial->node))
			return false;
	return true;
}

static bool balanced(bool (*unbound)(const struct owner *owner, size_t node),
		     const struct owner *owner, size_t node)
{
	struct trial trial = { unbound, owner, node };

	return unbound(owner, node) && books_balanced(owner->name, repeat, &trial);
}

/* What contig refuses: memory that is not contiguous for its device. */
static bool is_contiguous(const struct owner *owner)
{
	return owner->kind == MEMORY_VIVID || owner->kind == MEMORY_VIVID_DMABUF ||
	       owner->kind == MEMORY_CMA_HEAP || owner->kind == MEMORY_HUGETLB;
}

static int judge_pairs(bool judge)
{
	size_t i, node;
	int n = 0;

	for (i = 0; i < nr_owners; i++) {
		for (node = 0; node < ARRAY_SIZE(memops); node++) {
			if (node == NODE_CONTIG && !is_contiguous(&owners[i]))
				continue;
			n++;
			if (judge)
				ksft_test_result(balanced(importer_unbound, &owners[i], node),
						 "importer (%s) unbound: %s\n", memops[node],
						 owners[i].name);
		}
	}
	return n;
}

int main(void)
{
	int saved = observe_exactly();
	size_t node;

	times = setting("vo_unbinds", 5);
	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	ksft_set_plan(2 + ARRAY_SIZE(memops) + judge_pairs(false));
	ksft_test_result(books_complete() && driver_find_device(&pci) && driver_find_device(&vivid),
			 "both can be unbound, and the kernel counts what a leak would show in\n");
	ksft_test_result(balanced(exporter_unbound, &owners[0], 0),
			 "exporter unbound, vivid captures on\n");
	for (node = 0; node < ARRAY_SIZE(memops); node++)
		ksft_test_result(balanced(vivid_unbound, &owners[0], node),
				 "vivid unbound, the node (%s) captures on\n", memops[node]);
	judge_pairs(true);
	observe_restore(saved);
	ksft_finished();
}
