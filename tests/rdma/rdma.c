// SPDX-License-Identifier: GPL-2.0
/*
 * Memory regions of memory of every maker, by its address, with a software RDMA
 * device: a peer writes to it, reads it, and adds to it, also when nobody else has
 * it any more.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "memory.h"
#include "observe.h"
#include "place.h"
#include "variants.h"
#include "verbs.h"

#define PAGE	4096
#define SIZE	(32 * PAGE)	/* a frame of vivid at least */
#define POISON	0xa5

/* Not where pages begin, and over two of their ends */
#define AT	(3 * PAGE - 100)
#define LEN	(PAGE + 300)

#define ACCESS	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |	\
		 IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_ATOMIC)
#define READ	IBV_ACCESS_REMOTE_READ

struct region {
	struct memory mem;
	unsigned char *target;	/* what is registered */
	unsigned char *view;	/* another mapping */
	struct ibv_mr *mr;
};

FIXTURE(rdma)
{
	struct verbs v;
	struct region theirs;
	unsigned char *mine;	/* ordinary memory */
	struct ibv_mr *my;
	long in_use;
	bool counted;		/* what is allocated shows there */
	int pins;
};

FIXTURE_VARIANT(rdma)
{
	enum memory_kind kind;
	bool owned;
};

#define OF(name, what, has_owner)						\
	FIXTURE_VARIANT_ADD(rdma, name) { .kind = what, .owned = has_owner }
OF(vivid, MEMORY_VIVID, true);
OF(vivid_dmabuf, MEMORY_VIVID_DMABUF, true);
OF(system_heap, MEMORY_SYSTEM_HEAP, true);
OF(cma_heap, MEMORY_CMA_HEAP, true);
OF(udmabuf, MEMORY_UDMABUF, true);
OF(memfd, MEMORY_MEMFD, false);

static unsigned char value(size_t i)
{
	return i * 7 + i / 251 + 1;
}

static void draw(unsigned char *at)
{
	size_t i;

	for (i = 0; i < LEN; i++)
		at[i] = value(i);
}

static bool is_drawn(const unsigned char *at)
{
	size_t i;

	for (i = 0; i < LEN && at[i] == value(i); i++)
		continue;
	return i == LEN;
}

/* What was drawn, at its place, and poison around it */
static bool shows(const unsigned char *all, size_t at, size_t len)
{
	size_t i;

	for (i = 0; i < SIZE; i++) {
		if (all[i] != (i < at || i >= at + len ? POISON : value(i - at)))
			return false;
	}
	return true;
}

static uint64_t address(const struct region *r, size_t offset)
{
	return (uintptr_t)r->target + offset;
}

static struct ibv_mr *reg(struct verbs *v, void *addr, size_t len, int access)
{
	errno = 0;
	return ibv_reg_mr(v->pd, addr, len, access);
}

static int refusal(struct verbs *v, void *addr, size_t len, int access)
{
	struct ibv_mr *mr = reg(v, addr, len, access);
	int ret = errno;

	if (!mr)
		return -ret;
	ibv_dereg_mr(mr);
	return 0;
}

FIXTURE_SETUP(rdma)
{
	struct region *r = &self->theirs;

	if (!verbs_are_there())
		SKIP(return, "this kernel has no RDMA");
	self->pins = observe_pins();
	self->in_use = observe_in_use(variant->kind);
	ASSERT_EQ(0, verbs_open(&self->v));
	self->mine = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->mine);
	self->my = reg(&self->v, self->mine, SIZE, ACCESS);
	ASSERT_NE(NULL, self->my);
	ASSERT_EQ(0, memory_alloc(&r->mem, variant->kind, SIZE));
	self->counted = observe_in_use(variant->kind) >= self->in_use + SIZE;
	/* vivid's is not of CMA where that is beyond its reach */
	if (variant->owned && variant->kind != MEMORY_VIVID &&
	    variant->kind != MEMORY_VIVID_DMABUF)
		ASSERT_TRUE(self->counted);
	r->target = memory_map(&r->mem);
	r->view = memory_map(&r->mem);
	ASSERT_NE(MAP_FAILED, r->target);
	ASSERT_NE(MAP_FAILED, r->view);
	memset(r->view, POISON, SIZE);
	r->mr = reg(&self->v, r->target, SIZE, ACCESS);
	ASSERT_NE(NULL, r->mr);
	EXPECT_EQ(self->pins + variant->owned, observe_pins());
}

FIXTURE_TEARDOWN(rdma)
{
	if (self->theirs.mr)
		EXPECT_EQ(0, ibv_dereg_mr(self->theirs.mr));
	ibv_dereg_mr(self->my);
	verbs_close(&self->v);
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_F(rdma, peer_writes)
{
	draw(self->mine + 17);
	EXPECT_EQ(0, verbs_do(&self->v, IBV_WR_RDMA_WRITE, self->my, self->mine + 17, LEN,
			      self->theirs.mr, address(&self->theirs, AT)));
	EXPECT_TRUE(shows(self->theirs.view, AT, LEN));
}

TEST_F(rdma, peer_reads)
{
	draw(self->theirs.view + AT);
	EXPECT_EQ(0, verbs_do(&self->v, IBV_WR_RDMA_READ, self->my, self->mine, LEN,
			      self->theirs.mr, address(&self->theirs, AT)));
	EXPECT_TRUE(is_drawn(self->mine));
	EXPECT_TRUE(shows(self->theirs.view, AT, LEN));
}

/* It is the region of who asks: the device reads what is sent, and writes what comes */
TEST_F(rdma, asks_with_it)
{
	struct region *r = &self->theirs;

	draw(r->view + AT);
	EXPECT_EQ(0, verbs_do(&self->v, IBV_WR_RDMA_WRITE, r->mr, r->target + AT, LEN, self->my,
			      (uintptr_t)self->mine));
	EXPECT_TRUE(is_drawn(self->mine));
	memset(r->view, POISON, SIZE);
	EXPECT_EQ(0, verbs_do(&self->v, IBV_WR_RDMA_READ, r->mr, r->target + AT, LEN, self->my,
			      (uintptr_t)self->mine));
	EXPECT_TRUE(shows(r->view, AT, LEN));
}

TEST_F(rdma, first_and_last_byte)
{
	struct region *r = &self->theirs;

	self->mine[0] = 0x11;
	self->mine[1] = 0x22;
	EXPECT_EQ(0, verbs_do(&self->v, IBV_WR_RDMA_WRITE, self->my, self->mine, 1, r->mr,
			      address(r, 0)));
	EXPECT_EQ(0, verbs_do(&self->v, IBV_WR_RDMA_WRITE, self->my, self->mine + 1, 1, r->mr,
			      address(r, SIZE - 1)));
	EXPECT_EQ(0x11, r->view[0]);
	EXPECT_EQ(0x22, r->view[SIZE - 1]);
	EXPECT_EQ(POISON, r->view[1]);
	EXPECT_EQ(POISON, r->view[SIZE - 2]);
}

TEST_F(rdma, atomics)
{
	struct region *r = &self->theirs;
	uint64_t *seen = (uint64_t *)self->mine, *there = (uint64_t *)(r->view + PAGE + 8);

	*there = 40;
	EXPECT_EQ(0, verbs_atomic(&self->v, self->my, seen, r->mr, address(r, PAGE + 8), false, 0,
				  2));
	EXPECT_EQ(40, *seen);
	EXPECT_EQ(42, *there);
	EXPECT_EQ(0, verbs_atomic(&self->v, self->my, seen, r->mr, address(r, PAGE + 8), true, 41,
				  7));
	EXPECT_EQ(42, *seen);
	EXPECT_EQ(42, *there);
	EXPECT_EQ(0, verbs_atomic(&self->v, self->my, seen, r->mr, address(r, PAGE + 8), true, 42,
				  7));
	EXPECT_EQ(42, *seen);
	EXPECT_EQ(7, *there);
	EXPECT_EQ(POISON, r->view[PAGE + 7]);
	EXPECT_EQ(POISON, r->view[PAGE + 16]);
}

/* Already the library says so; the kernel's own answer no library asks for */
TEST_F(rdma, atomic_not_aligned)
{
	struct region *r = &self->theirs;

	EXPECT_NE(0, verbs_atomic(&self->v, self->my, self->mine, r->mr, address(r, 4), false, 0,
				  2));
	EXPECT_TRUE(shows(r->view, 0, 0));
}

/* A part of the buffer is registered, and what is beside it is not */
TEST_F(rdma, part)
{
	struct region *r = &self->theirs;
	struct ibv_mr *part = reg(&self->v, r->target + AT, LEN, ACCESS);

	ASSERT_NE(NULL, part);
	draw(self->mine);
	EXPECT_EQ(0, verbs_do(&self->v, IBV_WR_RDMA_WRITE, self->my, self->mine, LEN, part,
			      address(r, AT)));
	EXPECT_TRUE(shows(r->view, AT, LEN));
	EXPECT_EQ(IBV_WC_REM_ACCESS_ERR,
		  verbs_do(&self->v, IBV_WR_RDMA_WRITE, self->my, self->mine, LEN, part,
			   address(r, AT + 1)));
	EXPECT_TRUE(shows(r->view, AT, LEN));
	EXPECT_EQ(0, ibv_dereg_mr(part));
}

TEST_F(rdma, before_it)
{
	struct region *r = &self->theirs;
	struct ibv_mr *part = reg(&self->v, r->target + AT, LEN, ACCESS);

	ASSERT_NE(NULL, part);
	EXPECT_EQ(IBV_WC_REM_ACCESS_ERR,
		  verbs_do(&self->v, IBV_WR_RDMA_WRITE, self->my, self->mine, 1, part,
			   address(r, AT - 1)));
	EXPECT_TRUE(shows(r->view, 0, 0));
	EXPECT_EQ(0, ibv_dereg_mr(part));
}

/* Registered for reading, perhaps through a mapping that may only be read */
TEST_F(rdma, only_read)
{
	struct region *r = &self->theirs;
	struct ibv_mr *mr;

	ASSERT_EQ(0, mprotect(r->target, SIZE, PROT_READ));
	mr = reg(&self->v, r->target, SIZE, READ);
	ASSERT_NE(NULL, mr);
	draw(r->view + AT);
	EXPECT_EQ(0, verbs_do(&self->v, IBV_WR_RDMA_READ, self->my, self->mine, LEN, mr,
			      address(r, AT)));
	EXPECT_TRUE(is_drawn(self->mine));
	memset(self->mine, 0, LEN);
	EXPECT_EQ(IBV_WC_REM_ACCESS_ERR,
		  verbs_do(&self->v, IBV_WR_RDMA_WRITE, self->my, self->mine, LEN, mr,
			   address(r, AT)));
	EXPECT_TRUE(shows(r->view, AT, LEN));
	EXPECT_EQ(0, ibv_dereg_mr(mr));
}

TEST_F(rdma, refuses)
{
	struct region *r = &self->theirs;
	struct verbs *v = &self->v;

	/* Behind it may be ordinary memory, which ordinary memory goes on with */
	if (variant->owned)
		EXPECT_EQ(-EFAULT, refusal(v, r->target, SIZE + PAGE, ACCESS));
	ASSERT_EQ(0, mprotect(r->target + PAGE, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, refusal(v, r->target, SIZE, ACCESS));
	EXPECT_EQ(0, refusal(v, r->target, PAGE, ACCESS));
	ASSERT_EQ(0, munmap(r->target + PAGE, PAGE));
	EXPECT_EQ(-EFAULT, refusal(v, r->target, SIZE, READ));
	ASSERT_NE(MAP_FAILED, mmap(r->target + PAGE, PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_EQ(variant->owned ? -EFAULT : 0, refusal(v, r->target, SIZE, ACCESS));
	EXPECT_EQ(self->pins + variant->owned, observe_pins());
}

/* Mappings, files and the device's queue go; the region stays */
TEST_F(rdma, exporter_gone)
{
	struct region *r = &self->theirs;

	ASSERT_EQ(0, munmap(r->target, SIZE));
	ASSERT_EQ(0, munmap(r->view, SIZE));
	memory_close(&r->mem);
	EXPECT_EQ(self->pins + variant->owned, observe_pins());
	if (self->counted)
		EXPECT_LE(self->in_use + SIZE, observe_in_use(variant->kind));
	draw(self->mine);
	EXPECT_EQ(0, verbs_do(&self->v, IBV_WR_RDMA_WRITE, self->my, self->mine, LEN, r->mr,
			      address(r, AT)));
	memset(self->mine, 0, SIZE);
	EXPECT_EQ(0, verbs_do(&self->v, IBV_WR_RDMA_READ, self->my, self->mine, SIZE, r->mr,
			      address(r, 0)));
	EXPECT_TRUE(shows(self->mine, AT, LEN));
	EXPECT_EQ(0, ibv_dereg_mr(r->mr));
	r->mr = NULL;
	EXPECT_EQ(self->pins, observe_pins());
	if (self->counted)
		EXPECT_TRUE(observe_until_below(variant->kind, self->in_use + SIZE));
}

/* Nothing is left of a process that ends with its regions */
TEST_F(rdma, not_deregistered)
{
	pid_t child = fork();
	int status;

	if (!child) {
		struct verbs v;

		_exit(verbs_open(&v) || !reg(&v, self->theirs.target, SIZE, ACCESS));
	}
	ASSERT_LT(0, child);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(observe_until_pins(self->pins + variant->owned));
	draw(self->mine);
	EXPECT_EQ(0, verbs_do(&self->v, IBV_WR_RDMA_WRITE, self->my, self->mine, LEN,
			      self->theirs.mr, address(&self->theirs, AT)));
	EXPECT_TRUE(shows(self->theirs.view, AT, LEN));
}

/* Owned memory is the owner's to account */
TEST_F(rdma, memlock)
{
	struct rlimit page = { PAGE, PAGE };

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &page));
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(variant->owned ? 0 : -ENOMEM,
		  refusal(&self->v, self->theirs.target, SIZE, ACCESS));
	ASSERT_EQ(0, seteuid(0));
}

/* ---- what has no dma-buf ---- */

FIXTURE(place)
{
	struct verbs v;
	struct place place;
	int pins;
};

FIXTURE_VARIANT(place)
{
	enum place_kind kind;
	int ret;
};

FIXTURE_VARIANT_ADD(place, extents) { PLACE_EXTENTS, -EOPNOTSUPP };
FIXTURE_VARIANT_ADD(place, extents_vmap) { PLACE_EXTENTS_VMAP, 0 };
/* Its mapping has pages, which are GUP's as on stock */
FIXTURE_VARIANT_ADD(place, dmabuf_no_vmap) { PLACE_DMABUF_NO_VMAP, 0 };
FIXTURE_VARIANT_ADD(place, hugetlb) { PLACE_HUGETLB, 0 };

FIXTURE_SETUP(place)
{
	if (!verbs_are_there())
		SKIP(return, "this kernel has no RDMA");
	self->pins = observe_pins();
	ASSERT_EQ(0, verbs_open(&self->v));
	ASSERT_EQ(0, place_make(&self->place, variant->kind));
}

FIXTURE_TEARDOWN(place)
{
	verbs_close(&self->v);
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_F(place, registers_or_says_why)
{
	EXPECT_EQ(variant->ret, refusal(&self->v, self->place.target, self->place.size, ACCESS));
}

TEST_HARNESS_MAIN
