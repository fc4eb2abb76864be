# SPDX-License-Identifier: GPL-2.0
#
# What several boots measured, "BOOT KERNEL NAME SIZE COST" each line, as one line
# for each measurement: "KERNEL NAME SIZE LEAST MOST BOOTS", in the order met.
{
	key = $2 " " $3 " " $4
	if (!(key in least)) {
		keys[++n] = key
		least[key] = most[key] = $5
	}
	boots[key]++
	if ($5 < least[key])
		least[key] = $5
	if ($5 > most[key])
		most[key] = $5
}

END {
	for (i = 1; i <= n; i++)
		print keys[i], least[keys[i]], most[keys[i]], boots[keys[i]]
}
