// SPDX-License-Identifier: GPL-2.0
bool mapped_at_all(struct mm_struct *mm, unsigned long addr)
{
	return !pgd_none(*pgd_offset(mm, addr));	/* expect: safe */
}
