/* Classes of characters in the C locale, looked up in a table: in the C library each is a call. */

#ifndef native_ctype_h
#define native_ctype_h

#define CT_UPPER 1
#define CT_LOWER 2
#define CT_DIGIT 4
#define CT_SPACE 8
#define CT_PUNCT 16
#define CT_CONTROL 32
#define CT_HEX 64

extern const unsigned char vm_ctype[256];

#define vm_is(c, classes) (vm_ctype[(unsigned char)(c)] & (classes))

#define isalpha(c) vm_is(c, CT_UPPER | CT_LOWER)
#define isupper(c) vm_is(c, CT_UPPER)
#define islower(c) vm_is(c, CT_LOWER)
#define isdigit(c) vm_is(c, CT_DIGIT)
#define isxdigit(c) vm_is(c, CT_HEX)
#define isalnum(c) vm_is(c, CT_UPPER | CT_LOWER | CT_DIGIT)
#define isspace(c) vm_is(c, CT_SPACE)
#define ispunct(c) vm_is(c, CT_PUNCT)
#define iscntrl(c) vm_is(c, CT_CONTROL)

static inline int tolower(int c) { return vm_is(c, CT_UPPER) ? c + 32 : c; }
static inline int toupper(int c) { return vm_is(c, CT_LOWER) ? c - 32 : c; }

#endif
