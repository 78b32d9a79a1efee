complete -c mxlookup -l https-port -d 'Fetch policies from this port' -r
complete -c mxlookup -l trust-anchor -d 'Validate from the DNSKEY and DS records in this file instead of the root\'s keys' -r -F
complete -c mxlookup -l dns -d 'Ask this DNS server instead of the system\'s: ADDRESS[:PORT], udp://…, tcp://…, tls://HOST[:PORT], https://HOST[:PORT][/PATH]; HOST: ADDRESS, NAME or NAME@ADDRESS (repeatable)' -r
complete -c mxlookup -l ca -d 'Trust the certificates of this PEM file instead of the system\'s' -r -F
complete -c mxlookup -l rate -d 'Begin at most N targets a second' -r
complete -c mxlookup -l max-line -d 'The longest input line taken, in bytes' -r
complete -c mxlookup -l color -d 'When to use colour; NO_COLOR is honoured too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c mxlookup -l explain -d 'Say what a code means and what to do, and end' -r
complete -c mxlookup -l timeout -d 'The most time a target may take: 10, 10s, 500ms, 2m' -r
complete -c mxlookup -s j -l concurrency -d 'The most targets worked on at a time, up to 10000' -r
complete -c mxlookup -l stable -d 'Sort hosts of equal preference by name instead of shuffling them'
complete -c mxlookup -l no-addresses -d 'Look up the MX only, not the addresses of the hosts'
complete -c mxlookup -l ptr -d 'Look up the names of the addresses, and whether they lead back'
complete -c mxlookup -l tlsa -d 'Look up what certificate each host says it has (DANE, RFC 7672), where the host is signed'
complete -c mxlookup -l mta-sts -d 'Look up what TLS the domain asks of those who send to it (MTA-STS, RFC 8461), and fetch that policy'
complete -c mxlookup -l tlsrpt -d 'Look up where the domain wants reports on TLS (RFC 8460)'
complete -c mxlookup -l allow-private -d 'Fetch policies also from addresses of this machine or link'
complete -c mxlookup -l trust-ad -d 'Believe what the DNS servers say of DNSSEC (the AD bit) [default: one on this machine, or as resolv.conf says]'
complete -c mxlookup -l dnssec -d 'Validate every answer from the root down (DNSSEC), whoever gives it'
complete -c mxlookup -s 4 -d 'Use IPv4 only'
complete -c mxlookup -s 6 -d 'Use IPv6 only'
complete -c mxlookup -l ordered -d 'Keep the order of the input, within a window of ten times -j'
complete -c mxlookup -l retry -d 'Take records that come in as `unknown` as targets again'
complete -c mxlookup -l json -d 'Write JSON Lines, as in a pipe'
complete -c mxlookup -l text -d 'Write text, as on a terminal'
complete -c mxlookup -s v -l verbose -d 'Say on stderr what is done, word by word'
complete -c mxlookup -s q -l quiet -d 'Say nothing on stderr'
complete -c mxlookup -l exit-zero -d 'Exit with 0 whatever the targets came to'
complete -c mxlookup -l schema -d 'Print the JSON schema of the records, and end'
complete -c mxlookup -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mxlookup -s V -l version -d 'Print version'
