package netsim

import "messiah/core/node"

// ServicePort is where sites that serve clients listen, for streams and datagrams.
const ServicePort = 7000

// firstPort is where the ports of those who dial begin.
const firstPort = 40000

// EndpointOf returns the synthetic address of a site: 10.x.y.z, from its number,
// with the port of its datagrams; a site that serves has ServicePort.
func (n *Net) EndpointOf(s Site) node.Endpoint {
	e := node.Endpoint{Port: n.sites[s].port}
	if n.sites[s].serves {
		e.Port = ServicePort
	}
	e.IP[10], e.IP[11], e.IP[12] = 0xff, 0xff, 10
	e.IP[13], e.IP[14], e.IP[15] = byte(s>>16), byte(s>>8), byte(s)
	return e
}

// SiteOf returns the site of a synthetic address, or 0 for any other.
func SiteOf(e node.Endpoint) Site {
	if e.IP[10] != 0xff || e.IP[11] != 0xff || e.IP[12] != 10 {
		return nowhere
	}
	return Site(e.IP[13])<<16 | Site(e.IP[14])<<8 | Site(e.IP[15])
}

// Rebind moves a site's datagrams to another port, as a NAT does that forgot it.
func (n *Net) Rebind(s Site) {
	if n.sites[s].port++; n.sites[s].port < firstPort {
		n.sites[s].port = firstPort
	}
}

// SendDatagram sends one datagram, copying b. Whether it arrives, once, whole and
// in order is the link's affair.
func (n *Net) SendDatagram(from Site, to node.Endpoint, b []byte) {
	n.counts.Sent++
	target := SiteOf(to)
	if target == nowhere || int(target) >= len(n.sites) {
		n.counts.Lost++
		return
	}
	l := n.Link(n.sites[from].id, n.sites[target].id)
	if l.blocked || !l.room(n.now) || l.happens("loss", l.profile.Loss) {
		n.counts.Lost++
		return
	}
	at := l.leaves(n.now, len(b)+headerBytes)
	copies := 1
	if l.happens("duplicate", l.profile.Duplicate) {
		copies = 2
		n.counts.Duplicated++
	}
	for range copies {
		n.launch(l, at, n.EndpointOf(from), to, b)
	}
}

func (n *Net) launch(l *Link, at node.Time, from, to node.Endpoint, b []byte) {
	p := l.profile
	i := n.pool.take(itemDatagram, b)
	it := &n.pool.items[i]
	it.link, it.from, it.to, it.cause = l, from, to, n.cause
	it.at = at.Add(p.Latency + l.upTo("jitter", p.Jitter))
	if l.happens("reorder", p.Reorder) {
		it.at = it.at.Add(l.upTo("reorder-by", p.ReorderBy))
		n.counts.Reordered++
	}
	if len(b) > 0 && l.happens("corrupt", p.Corrupt) {
		bit := l.choose.Choose("corrupt-at", 8*len(b))
		it.buf[bit/8] ^= 1 << (bit % 8)
		n.counts.Corrupted++
	}
	n.cfg.Sink.Schedule(it.at, Event{Op: opDatagram, Index: uint32(i)})
}

// fireDatagram delivers a datagram, unless it is held or nobody is there.
func (n *Net) fireDatagram(i int32) {
	if n.holdDatagram(i) {
		return
	}
	it := &n.pool.items[i]
	target := SiteOf(it.to)
	n.cause = it.cause
	there := n.sites[target].reach == Here && n.EndpointOf(target).Port == it.to.Port
	if !it.link.blocked && there && n.cfg.Sink.Datagram(target, it.from, it.buf) {
		n.counts.Delivered++
	} else {
		n.counts.Lost++
	}
	n.pool.give(i)
}
