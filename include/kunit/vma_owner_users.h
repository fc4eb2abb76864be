/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit tests of all drivers share that pin memory for good: which memory
 * they are given, what each must refuse, and with which errno.
 */
#ifndef _KUNIT_VMA_OWNER_USERS_H
#define _KUNIT_VMA_OWNER_USERS_H

#include <kunit/vma_owner.h>

struct vom_memory {
	const char	*name;
	unsigned int	what;
	unsigned long	offset;
	unsigned long	size;
};

/* In one piece for any device */
static const struct vom_memory vom_memories[] = {
	{ "extents",		0,		0,	VOM_SIZE },
	{ "part of extents",	0,		0x1234,	0x1678 },
	{ "dma-buf",		VOM_DMABUF,	0,	VOM_SIZE },
	{ "part of a dma-buf",	VOM_DMABUF,	0x1234,	0x1678 },
	{ "ordinary",		VOM_ORDINARY,	0,	VOM_SIZE },
	{ "part of ordinary",	VOM_ORDINARY,	0x1234,	0x1678 },
	{ "one page of scattered", VOM_SCATTERED, 0x1234, 0x678 },
};

__maybe_unused KUNIT_ARRAY_PARAM_DESC(vom_memory, vom_memories, name);

/* Only GUP marks pages dirty; owners know by themselves who wrote to theirs */
static inline unsigned int vom_memory_dirty(const struct vom_memory *p)
{
	if (!(p->what & VOM_ORDINARY))
		return 0;
	return DIV_ROUND_UP(offset_in_page(p->offset) + p->size, PAGE_SIZE);
}

struct vom_refusal {
	const char	*name;
	unsigned int	what;
	unsigned long	prot;
	enum { VOM_WHOLE, VOM_HALF, VOM_MIXED } shape;
	int		tryget_err;
	int		map_err;
	unsigned long	size;
	int		ret;
};

#define VOM_RW	(PROT_READ | PROT_WRITE)

static const struct vom_refusal vom_refusals[] = {
	{ "owned, read-only", 0, PROT_READ, .ret = -EFAULT },
	{ "ordinary, read-only", VOM_ORDINARY, PROT_READ, .ret = -EFAULT },
	{ "owned, half unmapped", 0, VOM_RW, VOM_HALF, .ret = -EFAULT },
	{ "ordinary, half unmapped", VOM_ORDINARY, VOM_RW, VOM_HALF,
	  .ret = -EFAULT },
	{ "owned and ordinary", 0, VOM_RW, VOM_MIXED, .ret = -EFAULT },
	{ "dma-buf and ordinary", VOM_DMABUF, VOM_RW, VOM_MIXED,
	  .ret = -EFAULT },
	{ "nobody's", VOM_NOBODYS, VOM_RW, .ret = -EFAULT },
	{ "dead", 0, VOM_RW, .tryget_err = -ENODEV, .ret = -ENODEV },
	{ "over quota", 0, VOM_RW, .tryget_err = -EDQUOT, .ret = -EDQUOT },
	{ "revocable", VOM_REVOCABLE, VOM_RW, .ret = -EOPNOTSUPP },
	{ "no extents", 0, VOM_RW, .map_err = -ENOMEM, .ret = -ENOMEM },
	{ "unmappable dma-buf", VOM_DMABUF, VOM_RW, .map_err = -EIO,
	  .ret = -EIO },
	{ "too long", 0, VOM_RW, .size = VOM_SIZE + 1, .ret = -EFAULT },
	{ "wraps", 0, VOM_RW, .size = ULONG_MAX, .ret = -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(vom_refusal, vom_refusals, name);

/* How a driver pins; the test lets go of what was pinned, should it be */
typedef int (*vom_pin_fn)(struct kunit *test, unsigned long addr,
			  unsigned long size);

static inline void vom_test_refuses(struct kunit *test,
				    const struct vom_refusal *p, vom_pin_fn pin)
{
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	unsigned long addr = vma_owner_mock_mmap(m, p->prot);

	if (p->shape != VOM_WHOLE)
		vma_owner_mock_cut(m, addr, p->shape == VOM_MIXED);
	m->tryget_err = p->tryget_err;
	m->map_err = p->map_err;
	m->extents_err = p->map_err;
	KUNIT_EXPECT_EQ(test, p->ret, pin(test, addr, p->size ?: VOM_SIZE));
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* FOLL_FORCE would give it a page of its own to write to */
static inline void vom_test_does_not_force(struct kunit *test, vom_pin_fn pin)
{
	unsigned long addr = vma_owner_mock_anon(test, PROT_READ);

	KUNIT_EXPECT_EQ(test, pin(test, addr, PAGE_SIZE), -EFAULT);
}

/* Marked revoked or not: a static importer is told the same */
static inline void vom_test_refuses_revoked(struct kunit *test, vom_pin_fn pin)
{
	struct vma_owner_mock *m = vma_owner_mock(test, VOM_REVOCABLE);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);

	vma_owner_revoke(m->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, pin(test, addr, VOM_SIZE), -EOPNOTSUPP);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

#endif
