// SPDX-License-Identifier: GPL-2.0
#include "raw.h"

int raw(struct vm_area_struct *vma, unsigned long addr, unsigned long *pfn)
{
	if (!nobody_owns(vma))
		return -EFAULT;
	return follow_pfn(vma, addr, pfn);		/* expect: safe */
}
