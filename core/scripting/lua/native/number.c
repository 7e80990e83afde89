/* Numbers and texts. The common cases are done here by hand and exactly; the rest goes to the C library, whose long
 * doubles are software on WebAssembly and therefore slow. */

#include <stdio.h>
#include <stdlib.h>

#include "vm.h"

/* Powers of ten that a double holds exactly. */
static const double TENS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                              1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

int vm_integer_to_text(char *text, long long number) {
  char digits[24];
  int n = 0, at = 0;
  unsigned long long rest = number < 0 ? 0ull - (unsigned long long)number : (unsigned long long)number;
  do {
    digits[n++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (number < 0) text[at++] = '-';
  while (n > 0) text[at++] = digits[--n];
  text[at] = '\0';
  return at;
}

/* %.14g of an integer with up to 14 digits is the integer itself; -0 is not one of them. */
int vm_number_to_text(char *text, double number) {
  if (number > -1e14 && number < 1e14) {
    long long integer = (long long)number;
    if ((double)integer == number && (integer != 0 || !__builtin_signbit(number))) return vm_integer_to_text(text, integer);
  }
  return snprintf(text, 32, "%.14g", number);
}

static int is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Up to 15 digits with a point somewhere: the digits as an integer, divided by a power of ten, are both exact, so the
 * quotient is correctly rounded. Anything else is left to strtod. */
double vm_text_to_number(const char *text, char **end) {
  const char *p = text;
  int negative = 0, digits = 0, decimals = 0;
  long long value = 0;
  while (is_space(*p)) p++;
  if (*p == '-' || *p == '+') negative = (*p++ == '-');
  for (; *p >= '0' && *p <= '9'; p++, digits++) {
    if (digits == 15) goto general;
    value = value * 10 + (*p - '0');
  }
  if (*p == '.') {
    for (p++; *p >= '0' && *p <= '9'; p++, digits++, decimals++) {
      if (digits == 15) goto general;
      value = value * 10 + (*p - '0');
    }
  }
  if (digits == 0 || *p == 'e' || *p == 'E' || *p == 'x' || *p == 'X') goto general;
  vm_budget -= (int)((p - text) >> 8);
  *end = (char *)p;
  return (negative ? -1.0 : 1.0) * (double)value / TENS[decimals];
general: {
  double number = strtod(text, end);
  vm_budget -= (int)((*end - text) >> 8);
  return number;
}
}

static int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

unsigned long long vm_strtoull(const char *text, char **end, int base) {
  const char *p = text;
  unsigned long long value = 0;
  int negative = 0, overflow = 0;
  while (is_space(*p)) p++;
  if (*p == '-' || *p == '+') negative = (*p++ == '-');
  if (base == 16 && *p == '0' && (p[1] == 'x' || p[1] == 'X') && digit_value(p[2]) < 16) p += 2;
  if (digit_value(*p) >= base) {
    *end = (char *)text;
    return 0;
  }
  for (; digit_value(*p) < base; p++) {
    unsigned long long next;
    if (__builtin_mul_overflow(value, (unsigned long long)base, &next) ||
        __builtin_add_overflow(next, (unsigned long long)digit_value(*p), &next))
      overflow = 1;
    value = next;
  }
  *end = (char *)p;
  if (overflow) return ~0ull;
  return negative ? 0ull - value : value;
}
