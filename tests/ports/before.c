// SPDX-License-Identifier: GPL-2.0
/*
 * How drivers outside of the tree find what is behind a mapping. What is wrong
 * with it is what people run.
 */
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>

#include "vo_port.h"

static int port_fill_pfn(unsigned long pfn, int byte)
{
	void *map = memremap(PFN_PHYS(pfn), PAGE_SIZE, MEMREMAP_WB);

	if (!map)
		return -ENOMEM;
	memset(map, byte, PAGE_SIZE);
	memunmap(map);
	return 0;
}

static int port_follow(struct vm_area_struct *vma, unsigned long addr,
		       unsigned long *pfn)
{
	struct follow_pfnmap_args args = { .vma = vma, .address = addr };
	int ret = follow_pfnmap_start(&args);

	if (ret)
		return ret;
	/* Nothing holds it from here on */
	*pfn = args.pfn;
	follow_pfnmap_end(&args);
	return 0;
}

/* Touched, or the page table has nothing */
static int port_fault_in(unsigned long addr)
{
	return fixup_user_fault(current->mm, addr, FAULT_FLAG_WRITE, NULL);
}

static bool port_looks_like_a_dmabuf(const struct vm_area_struct *vma)
{
	return vma->vm_file &&
	       !strcmp(vma->vm_file->f_path.dentry->d_name.name, "dmabuf");
}

static int port_get_by_name(struct port *port, unsigned long addr)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int ret = -EFAULT;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma && port_looks_like_a_dmabuf(vma)) {
		port->dmabuf = vma->vm_file->private_data;
		get_dma_buf(port->dmabuf);
		port->offset = addr - vma->vm_start;	/* and vm_pgoff? */
		ret = 0;
	} else if (vma) {
		ret = port_fault_in(addr);
		if (!ret)
			ret = port_follow(vma, addr, &port->pfn);
	}
	mmap_read_unlock(mm);
	return ret;
}

static int port_fill_by_name(struct port *port, int byte)
{
	struct iosys_map map;
	int ret;

	if (!port->dmabuf)
		return port_fill_pfn(port->pfn, byte);
	ret = dma_buf_vmap_unlocked(port->dmabuf, &map);
	if (ret)
		return ret;
	iosys_map_memset(&map, port->offset, byte, PAGE_SIZE);
	dma_buf_vunmap_unlocked(port->dmabuf, &map);
	return 0;
}

static void port_put_by_name(struct port *port)
{
	if (port->dmabuf)
		dma_buf_put(port->dmabuf);
	port->dmabuf = NULL;
}

const struct port_ops port_by_name = {
	.get	= port_get_by_name,
	.fill	= port_fill_by_name,
	.put	= port_put_by_name,
};

/* Down the levels by hand, with a lock that keeps VMAs but no page tables */
static int port_walk(struct mm_struct *mm, unsigned long addr,
		     unsigned long *pfn)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;
	pte_t pte;

	if (pgd_none(*pgd))
		return -EFAULT;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d))
		return -EFAULT;
	pud = pud_offset(p4d, addr);
	if (pud_none(*pud) || pud_leaf(*pud))
		return -EFAULT;
	pmd = pmd_offset(pud, addr);
	if (pmd_none(*pmd))
		return -EFAULT;
	if (pmd_leaf(*pmd)) {
		*pfn = pmd_pfn(*pmd) + ((addr & ~PMD_MASK) >> PAGE_SHIFT);
		return 0;
	}
	pte = READ_ONCE(*pte_offset_kernel(pmd, addr));
	if (!pte_present(pte))
		return -EFAULT;
	*pfn = pte_pfn(pte);
	return 0;
}

static int port_get_by_walk(struct port *port, unsigned long addr)
{
	struct mm_struct *mm = current->mm;
	int ret;

	ret = pin_user_pages_fast(addr, 1, FOLL_WRITE | FOLL_LONGTERM,
				  &port->page);
	if (ret == 1)
		return 0;
	port->page = NULL;
	mmap_read_lock(mm);
	ret = port_fault_in(addr);
	if (!ret)
		ret = port_walk(mm, addr, &port->pfn);
	mmap_read_unlock(mm);
	return ret;
}

static int port_fill_by_walk(struct port *port, int byte)
{
	if (!port->page)
		return port_fill_pfn(port->pfn, byte);
	memset_page(port->page, 0, byte, PAGE_SIZE);
	return 0;
}

static void port_put_by_walk(struct port *port)
{
	if (port->page)
		unpin_user_pages_dirty_lock(&port->page, 1, true);
	port->page = NULL;
}

const struct port_ops port_by_walk = {
	.get	= port_get_by_walk,
	.fill	= port_fill_by_walk,
	.put	= port_put_by_walk,
};
