// SPDX-License-Identifier: GPL-2.0
/* Of follow_pfn(vma, addr, pfn) and (long) "get_vaddr_frames(" no word,
 * nor of struct frame_vector *x; or pin_user_pages(a, b, c, d);
 */
int pinned(struct importer *importer, unsigned long addr, size_t len)
{
	/* follow_pfn(vma, addr, pfn); */
	return vma_pin_user(&importer->pin, addr, len, VMA_PIN_WRITE, &client);
}
