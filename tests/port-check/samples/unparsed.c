// SPDX-License-Identifier: GPL-2.0
/* Coccinelle gives up the first function, and reads the second */
int between_odd_macros(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long pfn;

	WITH (vma) AS (other) DO ? {
		if (follow_pfn(vma, addr, &pfn))	/* expect: pin by scan */
			break;
	}
	return pfn;
}

#define MY_PIN(addr, pages)	\
	get_user_pages_fast(addr, 1, 0, (pages)->pages)	/* expect: gup */

int after_them(struct vm_area_struct *vma, unsigned long addr, unsigned long *pfn)
{
	return follow_pfn(vma, addr, pfn);		/* expect: pin by Coccinelle */
}
