// SPDX-License-Identifier: GPL-2.0
/*
 * Importers as they are outside of the tree, and ported: a page is registered, the
 * memory let go of, and other buffers are made until one of them has that page.
 * Who writes to what was registered must not write to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "memory.h"
#include "observe.h"
#include "place.h"
#include "variants.h"
#include "vo_port.h"

#define PAGE		4096
#define SIZE		(32 * PAGE)	/* a frame of vivid at least */
#define BUFFERS		64
#define EARLIER		0x11
#define LATER		0x5a

struct buffer {
	struct memory mem;
	unsigned char *map;
};

FIXTURE(ports)
{
	struct buffer first;
	struct buffer next[BUFFERS];
	unsigned long long phys;
	int nr;
	int fd;
	int pins;
};

FIXTURE_VARIANT(ports)
{
	enum port_shape shape;
	enum memory_kind kind;
	bool overwrites;	/* what the old shape does */
};

#define PORT(name, how, what, over)					\
	FIXTURE_VARIANT_ADD(ports, name) {				\
		.shape = how, .kind = what, .overwrites = over,		\
	}
/* By its name it finds a dma-buf, and a buffer of vivid's has another one */
PORT(by_name_system_heap, PORT_BY_NAME, MEMORY_SYSTEM_HEAP, false);
PORT(by_name_vivid, PORT_BY_NAME, MEMORY_VIVID, true);
PORT(by_walk_system_heap, PORT_BY_WALK, MEMORY_SYSTEM_HEAP, true);
PORT(by_walk_vivid, PORT_BY_WALK, MEMORY_VIVID, true);
PORT(by_walk_anonymous, PORT_BY_WALK, MEMORY_ANONYMOUS, false);
PORT(pin_system_heap, PORT_PIN, MEMORY_SYSTEM_HEAP, false);
PORT(pin_vivid, PORT_PIN, MEMORY_VIVID, false);
PORT(pin_anonymous, PORT_PIN, MEMORY_ANONYMOUS, false);
PORT(pin_revocable_system_heap, PORT_PIN_REVOCABLE, MEMORY_SYSTEM_HEAP, false);
PORT(pin_revocable_vivid, PORT_PIN_REVOCABLE, MEMORY_VIVID, false);
PORT(pin_revocable_anonymous, PORT_PIN_REVOCABLE, MEMORY_ANONYMOUS, false);

static int make(struct buffer *buffer, enum memory_kind kind)
{
	int ret = memory_alloc(&buffer->mem, kind, SIZE);

	if (ret)
		return ret;
	buffer->map = memory_map(&buffer->mem);
	if (buffer->map == MAP_FAILED)
		return -errno;
	memset(buffer->map, 0, SIZE);
	return 0;
}

static void let_go(struct buffer *buffer)
{
	munmap(buffer->map, SIZE);
	memory_close(&buffer->mem);
}

FIXTURE_SETUP(ports)
{
	struct port_register reg = { .shape = variant->shape };

	self->pins = observe_pins();
	self->fd = open("/dev/vo_port", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, make(&self->first, variant->kind));
	self->phys = place_phys(self->first.map);
	ASSERT_NE(0, self->phys);
	reg.addr = (unsigned long)self->first.map;
	ASSERT_EQ(0, ioctl(self->fd, PORT_REGISTER, &reg));
}

FIXTURE_TEARDOWN(ports)
{
	close(self->fd);
	EXPECT_EQ(self->pins, observe_pins());
}

/*
 * Where in the new buffers the registered page is; NULL: nobody got it. Of vivid
 * there is one, since its queue is one file's.
 */
static unsigned char *find_again(FIXTURE_DATA(ports) *self, enum memory_kind kind)
{
	int buffers = kind == MEMORY_VIVID ? 1 : BUFFERS;
	unsigned char *page;

	for (self->nr = 0; self->nr < buffers; self->nr++) {
		if (make(&self->next[self->nr], kind)) {
			self->nr = -1;
			return NULL;
		}
		page = self->next[self->nr].map;
		for (; page < self->next[self->nr].map + SIZE; page += PAGE) {
			if (place_phys(page) == self->phys)
				return page;
		}
	}
	return NULL;
}

TEST_F_TIMEOUT(ports, writes, TIMEOUT)
{
	ASSERT_EQ(0, ioctl(self->fd, PORT_FILL, EARLIER));
	EXPECT_EQ(EARLIER, self->first.map[0]);
	EXPECT_EQ(EARLIER, self->first.map[PAGE - 1]);
	EXPECT_EQ(0, self->first.map[PAGE]);
	let_go(&self->first);
}

TEST_F_TIMEOUT(ports, writes_to_no_other, TIMEOUT)
{
	unsigned char *again;

	let_go(&self->first);
	again = find_again(self, variant->kind);
	ASSERT_LE(0, self->nr);
	if (!variant->overwrites) {
		ASSERT_EQ(NULL, again);
		EXPECT_EQ(0, ioctl(self->fd, PORT_FILL, LATER));
		return;
	}
	/* The old shapes: that they write to others is what this can see */
	ASSERT_NE(NULL, again);
	ASSERT_EQ(0, ioctl(self->fd, PORT_FILL, LATER));
	EXPECT_EQ(LATER, again[0]);
}

TEST_HARNESS_MAIN
