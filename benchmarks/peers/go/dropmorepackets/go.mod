module agent

go 1.21

require (
	github.com/dropmorepackets/haproxy-go v0.1.1
	job v0.0.0
)

replace job => ../job
