// SPDX-License-Identifier: GPL-2.0
unsigned long walked(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);		/* expect: pin */
	p4d_t *p4d = p4d_offset(pgd, addr);
	pud_t *pud = pud_offset(p4d, addr);
	pmd_t *pmd = pmd_offset(pud, addr);

	return pte_pfn(*pte_offset_kernel(pmd, addr));
}

unsigned long of_the_kernel(unsigned long addr)
{
	pgd_t *pgd = pgd_offset(&init_mm, addr);	/* expect: safe */

	return pgd_val(*pgd) ^ pgd_val(*pgd_offset_k(addr)); /* expect: safe */
}
