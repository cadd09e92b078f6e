/** linux/in.h: IPPROTO_, the values of `iphdr.protocol` and `ipv6hdr.nexthdr`. */
const ipProtocols: Readonly<Record<number, string>> = {
  0: 'IP',
  1: 'ICMP',
  2: 'IGMP',
  4: 'IPIP',
  6: 'TCP',
  8: 'EGP',
  12: 'PUP',
  17: 'UDP',
  22: 'IDP',
  29: 'TP',
  33: 'DCCP',
  41: 'IPV6',
  43: 'ROUTING',
  44: 'FRAGMENT',
  46: 'RSVP',
  47: 'GRE',
  50: 'ESP',
  51: 'AH',
  58: 'ICMPV6',
  59: 'NONE',
  60: 'DSTOPTS',
  92: 'MTP',
  94: 'BEETPH',
  98: 'ENCAP',
  103: 'PIM',
  108: 'COMP',
  115: 'L2TP',
  132: 'SCTP',
  135: 'MH',
  136: 'UDPLITE',
  137: 'MPLS',
  143: 'ETHERNET',
  255: 'RAW',
  262: 'MPTCP',
}

/** linux/if_ether.h: ETH_P_ in host byte order, the values of `ntohs(ethhdr.h_proto)`. */
const etherTypes: Readonly<Record<number, string>> = {
  0x0800: 'IP',
  0x0806: 'ARP',
  0x8035: 'RARP',
  0x8100: '8021Q',
  0x86dd: 'IPV6',
  0x8847: 'MPLS_UC',
  0x8848: 'MPLS_MC',
  0x8863: 'PPP_DISC',
  0x8864: 'PPP_SES',
  0x888e: 'PAE',
  0x88a8: '8021AD',
  0x88cc: 'LLDP',
  0x88f7: '1588',
}

/** Returns the C constant without IPPROTO_, `TCP` for 6; undefined when the number has none. */
export function ipProtocolName(protocol: number): string | undefined {
  return ipProtocols[protocol]
}

/** Returns the C constant without ETH_P_, `IPV6` for 0x86dd; undefined when the number is not in the table. */
export function etherTypeName(etherType: number): string | undefined {
  return etherTypes[etherType]
}
