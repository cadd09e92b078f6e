static inline int unchecked(__u64 *value)
{
	return *value; // in_header
}
