/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Domains for KUnit tests of who maps owned memory into an IOMMU: page tables
 * that no device looks at, and that can be told to fail. They begin at VOM_IO_IOVA
 * and have room for what vom_io_mmap() lays out: RAM, the memory of a mock owner,
 * and RAM.
 */
#ifndef _KUNIT_VMA_OWNER_IOMMU_H
#define _KUNIT_VMA_OWNER_IOMMU_H

#include <kunit/test.h>
#include <kunit/vma_owner.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/slab.h>

#define VOM_IO_IOVA	0x400000ul
#define VOM_IO_SIDE	4	/* pages of RAM on either side */
#define VOM_IO_PAGES	(VOM_IO_SIDE + VOM_PAGES + VOM_IO_SIDE)
#define VOM_IO_SIZE	(VOM_IO_PAGES * PAGE_SIZE)
#define VOM_IO_OWNED	(VOM_IO_SIDE * PAGE_SIZE)
#define VOM_IO_BAR	0xfe000000ul

/* What a domain has */
struct vom_io_table {
	struct iommu_domain	domain;
	phys_addr_t		phys[VOM_IO_PAGES];
	int			prot[VOM_IO_PAGES];
	unsigned int		calls;		/* to map */
	unsigned int		fail_at;	/* 1: the next one */
	bool			no_mmio;
	bool			twice;		/* mapped over what was there */
};

static inline struct vom_io_table *vom_io_table(struct iommu_domain *domain)
{
	return container_of(domain, struct vom_io_table, domain);
}

static inline int vom_io_map_pages(struct iommu_domain *domain,
				   unsigned long iova, phys_addr_t paddr,
				   size_t pgsize, size_t pgcount, int prot,
				   gfp_t gfp, size_t *mapped)
{
	struct vom_io_table *t = vom_io_table(domain);
	unsigned long nr = (iova - VOM_IO_IOVA) >> PAGE_SHIFT;
	size_t size = pgsize * pgcount, pos;
	void *node;

	if (t->no_mmio && prot & IOMMU_MMIO)
		return -EINVAL;
	t->calls++;
	if (t->fail_at && !--t->fail_at)
		return -ENOMEM;
	/* A page table takes memory */
	node = kmalloc(1, gfp);
	if (!node)
		return -ENOMEM;
	kfree(node);
	for (pos = 0; pos < size; pos += PAGE_SIZE, nr++) {
		t->twice |= t->phys[nr] != 0;
		t->phys[nr] = paddr + pos;
		t->prot[nr] = prot;
	}
	*mapped = size;
	return 0;
}

/* Stops at the first hole, as real ones do */
static inline size_t vom_io_unmap_pages(struct iommu_domain *domain,
					unsigned long iova, size_t pgsize,
					size_t pgcount,
					struct iommu_iotlb_gather *gather)
{
	struct vom_io_table *t = vom_io_table(domain);
	unsigned long nr = (iova - VOM_IO_IOVA) >> PAGE_SHIFT;
	size_t size = pgsize * pgcount, pos;

	for (pos = 0; pos < size && t->phys[nr]; pos += PAGE_SIZE, nr++)
		t->phys[nr] = 0;
	return pos;
}

static inline phys_addr_t vom_io_iova_to_phys(struct iommu_domain *domain,
					      dma_addr_t iova)
{
	unsigned long pos = iova - VOM_IO_IOVA;

	return vom_io_table(domain)->phys[pos >> PAGE_SHIFT] +
	       offset_in_page(pos);
}

static inline void vom_io_init(struct vom_io_table *t)
{
	static const struct iommu_domain_ops ops = {
		.map_pages	= vom_io_map_pages,
		.unmap_pages	= vom_io_unmap_pages,
		.iova_to_phys	= vom_io_iova_to_phys,
	};

	t->domain.type = IOMMU_DOMAIN_UNMANAGED;
	t->domain.ops = &ops;
	t->domain.pgsize_bitmap = PAGE_SIZE | VOM_SIZE;
	t->domain.geometry.aperture_end = ULONG_MAX;
}

static inline bool vom_io_is_owned(unsigned int nr)
{
	return nr >= VOM_IO_SIDE && nr < VOM_IO_SIDE + VOM_PAGES;
}

static inline phys_addr_t vom_io_ram(unsigned long addr)
{
	phys_addr_t phys = 0;
	struct page *page;

	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) == 1) {
		phys = page_to_phys(page);
		put_page(page);
	}
	return phys;
}

/* Returns the address; @ram gets what the pages of RAM are, 0 for the others */
static inline unsigned long vom_io_mmap(struct kunit *test,
					struct vma_owner_mock *m,
					unsigned long prot, phys_addr_t *ram)
{
	unsigned long addr = vma_owner_mock_area(test, VOM_IO_PAGES);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, addr,
			vm_mmap(NULL, addr, VOM_IO_SIZE,
				PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0));
	KUNIT_ASSERT_EQ(test, addr + VOM_IO_OWNED,
			vm_mmap(m->file, addr + VOM_IO_OWNED, VOM_SIZE, prot,
				MAP_SHARED | MAP_FIXED, 0));
	for (i = 0; i < VOM_IO_PAGES; i++) {
		if (vom_io_is_owned(i))
			continue;
		ram[i] = vom_io_ram(addr + i * PAGE_SIZE);
		KUNIT_ASSERT_NE(test, 0, ram[i]);
	}
	return addr;
}

/* Of what vom_io_mmap() has put into @ram */
static inline void vom_io_expect_unpinned(struct kunit *test,
					  const phys_addr_t *ram)
{
	struct folio *folio;
	unsigned int i;

	for (i = 0; i < VOM_IO_PAGES; i++) {
		if (!ram[i])
			continue;
		folio = page_folio(phys_to_page(ram[i]));
		KUNIT_EXPECT_FALSE_MSG(test, folio_maybe_dma_pinned(folio),
				       "page %u", i);
	}
}

static inline int vom_io_get_bar(void *obj, u64 offset, u64 len,
				 struct vma_owner_extents *x)
{
	x->vec = kzalloc_obj(*x->vec);
	if (!x->vec)
		return -ENOMEM;
	x->vec->paddr = VOM_IO_BAR + offset;
	x->vec->len = len;
	x->nr = 1;
	x->type = VMA_OWNER_MMIO;
	x->prot = pgprot_noncached(PAGE_KERNEL);
	return 0;
}

static inline void vom_io_put_bar(void *obj, struct vma_owner_extents *x)
{
	kfree(x->vec);
}

/* From now on @m is device memory, in one piece */
static inline void vom_io_make_bar(struct vma_owner_mock *m)
{
	m->ops.get_extents = vom_io_get_bar;
	m->ops.put_extents = vom_io_put_bar;
}

static inline void vom_io_reset_ends(struct vma_owner_mock *m)
{
	vma_owner_restore(m->revoke);
	m->in_revocable = NULL;
}

/* For in_revocable: between the owner's answer and the pin a reset begins */
static inline void vom_io_reset(struct vma_owner_mock *m)
{
	vma_owner_revoke(m->revoke, VMA_OWNER_TEMPORARY);
	m->in_revocable = vom_io_reset_ends;
}

#endif /* _KUNIT_VMA_OWNER_IOMMU_H */
