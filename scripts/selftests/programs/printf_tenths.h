/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Replaces printf() for programs that print with "%.1f", which nolibc lacks. Included before the
 * program. Only the formats below are supported.
 */

#ifndef SAFE_DMA_PRINTF_TENTHS_H
#define SAFE_DMA_PRINTF_TENTHS_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void printf_tenths(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	while (*format) {
		if (!strncmp(format, "%.1f", 4)) {
			long tenths = va_arg(args, double) * 10 + 0.5;

			printf("%ld.%ld", tenths / 10, tenths % 10);
			format += 4;
		} else if (!strncmp(format, "%d", 2)) {
			printf("%d", va_arg(args, int));
			format += 2;
		} else if (!strncmp(format, "%s", 2)) {
			printf("%s", va_arg(args, char *));
			format += 2;
		} else {
			printf("%c", *format++);
		}
	}
	va_end(args);
}

#define printf printf_tenths

#endif /* SAFE_DMA_PRINTF_TENTHS_H */
