module agent

go 1.21

require (
	github.com/negasus/haproxy-spoe-go v1.0.7
	job v0.0.0
)

replace job => ../job
