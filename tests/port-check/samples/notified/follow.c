// SPDX-License-Identifier: GPL-2.0
#include "driver.h"

int follow(struct vm_area_struct *vma, unsigned long addr, unsigned long *pfn)
{
	return follow_pfn(vma, addr, pfn);		/* expect: safe */
}

int pages(struct importer *importer, unsigned long addr)
{
	return get_user_pages_fast(addr, 1, 0, importer->pages); /* expect: safe */
}
