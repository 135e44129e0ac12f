package admin

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"messiah/prod"
)

// registry holds the metrics of this process alone. The labels are the names
// of its roles and the numbers of their lanes: nothing that a client can choose.
func (s *Server) registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collector{s},
	)
	return r
}

// collector reads the roles when it is asked, so that counting costs them nothing more than counting.
type collector struct{ server *Server }

// metric is one number of a role.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*prod.Counters) float64
}

func counter(name, about string, read func(*prod.Counters) uint64) metric {
	return metric{
		prometheus.NewDesc("messiah_"+name+"_total", about, []string{"role"}, nil), prometheus.CounterValue,
		func(c *prod.Counters) float64 { return float64(read(c)) },
	}
}

func gauge(name, about string, read func(*prod.Counters) int64) metric {
	return metric{
		prometheus.NewDesc("messiah_"+name, about, []string{"role"}, nil), prometheus.GaugeValue,
		func(c *prod.Counters) float64 { return float64(read(c)) },
	}
}

var (
	roleMetrics = []metric{
		counter("loop_turns", "Turns of the loop.", func(c *prod.Counters) uint64 { return c.Turns }),
		counter("loop_handlers", "Handler calls of the node.", func(c *prod.Counters) uint64 { return c.Handlers }),
		counter("loop_over_budget", "Turns that ended with work left over.", func(c *prod.Counters) uint64 { return c.OverBudget }),
		counter("lane_inputs", "Handler calls of the lanes.", func(c *prod.Counters) uint64 { return c.LaneInputs }),
		counter("link_bytes_in", "Bytes received from other processes.", func(c *prod.Counters) uint64 { return c.LinkBytesIn }),
		counter("link_bytes_out", "Bytes sent to other processes.", func(c *prod.Counters) uint64 { return c.LinkBytesOut }),
		counter("links_cut", "Process connections closed at a bound.", func(c *prod.Counters) uint64 { return c.LinksCut }),
		counter("packets_in", "Packets received from clients.", func(c *prod.Counters) uint64 { return c.PacketsIn }),
		counter("packets_out", "Packets sent to clients.", func(c *prod.Counters) uint64 { return c.PacketsOut }),
		counter("packet_bytes_in", "Bytes received from clients.", func(c *prod.Counters) uint64 { return c.PacketBytesIn }),
		counter("packet_bytes_out", "Bytes sent to clients.", func(c *prod.Counters) uint64 { return c.PacketBytesOut }),
		counter("packets_dropped", "Packets of clients dropped at a bound.", func(c *prod.Counters) uint64 { return c.PacketsDropped }),
		counter("streams_up", "Stream connections of clients.", func(c *prod.Counters) uint64 { return c.StreamsUp }),
		counter("streams_refused", "Stream connections refused at a bound.", func(c *prod.Counters) uint64 { return c.StreamsRefused }),
		counter("streams_cut", "Stream connections ended at a bound.", func(c *prod.Counters) uint64 { return c.StreamsCut }),
		gauge("links_open", "Open process connections.", func(c *prod.Counters) int64 { return c.LinksOpen }),
		gauge("streams_open", "Open stream connections of clients.", func(c *prod.Counters) int64 { return c.StreamsOpen }),
		gauge("mailbox", "Inputs that wait for the loop.", func(c *prod.Counters) int64 { return int64(c.Mailbox) }),
	}
	turnTime  = prometheus.NewDesc("messiah_loop_turn_seconds", "How long turns of the loop take.", []string{"role"}, nil)
	laneTasks = prometheus.NewDesc("messiah_lane_tasks", "Inputs that wait for a lane, from the loop.", []string{"role", "lane"}, nil)
	lanePkts  = prometheus.NewDesc("messiah_lane_packets", "Packets that wait for a lane.", []string{"role", "lane"}, nil)
	lives     = prometheus.NewDesc("messiah_lives", "Lives of the role in this process.", []string{"role"}, nil)
	ready     = prometheus.NewDesc("messiah_ready", "Whether the role does what it is there for.", []string{"role"}, nil)
	sessions  = prometheus.NewDesc("messiah_sessions", "Client sessions of a gate.", []string{"role"}, nil)
	avatars   = prometheus.NewDesc("messiah_avatars", "Avatars of a game.", []string{"role"}, nil)
	refused   = prometheus.NewDesc("messiah_refused_total", "Logins and connections that a gate refused.", []string{"role"}, nil)
	forged    = prometheus.NewDesc("messiah_bad_packets_total", "Packets of clients that were not to be believed.", []string{"role", "why"}, nil)
	step      = prometheus.NewDesc("messiah_start_step", "The step of the start that the cluster has reached, 1 to 9.", nil, nil)
)

// Describe sends the metrics that are always there.
func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, m := range roleMetrics {
		to <- m.desc
	}
	for _, d := range []*prometheus.Desc{turnTime, laneTasks, lanePkts, lives, ready, sessions, avatars, refused, forged, step} {
		to <- d
	}
}

// Collect reads every role.
func (c collector) Collect(to chan<- prometheus.Metric) {
	st := c.server.status()
	if st.Cluster != nil {
		to <- prometheus.MustNewConstMetric(step, prometheus.GaugeValue, float64(st.Cluster.Step))
	}
	for i, m := range c.server.Members {
		r := &st.Roles[i]
		counters := m.Process().Counters()
		for _, one := range roleMetrics {
			to <- prometheus.MustNewConstMetric(one.desc, one.kind, one.read(&counters), r.Name)
		}
		collectTurns(to, &counters.TurnTime, r.Name)
		for lane, n := range counters.LaneTasks {
			to <- prometheus.MustNewConstMetric(laneTasks, prometheus.GaugeValue, float64(n), r.Name, strconv.Itoa(lane))
		}
		for lane, n := range counters.LanePackets {
			to <- prometheus.MustNewConstMetric(lanePkts, prometheus.GaugeValue, float64(n), r.Name, strconv.Itoa(lane))
		}
		collectRole(to, r)
	}
}

func collectTurns(to chan<- prometheus.Metric, h *prod.Histogram, role string) {
	buckets := map[float64]uint64{}
	sum := uint64(0)
	for i, n := range h.Counts {
		sum += n
		if i < len(h.Counts)-1 {
			buckets[h.Bound(i).Seconds()] = sum
		}
	}
	to <- prometheus.MustNewConstHistogram(turnTime, sum, h.Sum.Seconds(), buckets, role)
}

func collectRole(to chan<- prometheus.Metric, r *Role) {
	to <- prometheus.MustNewConstMetric(lives, prometheus.CounterValue, float64(r.Lives), r.Name)
	is := 0.0
	if r.Ready {
		is = 1
	}
	to <- prometheus.MustNewConstMetric(ready, prometheus.GaugeValue, is, r.Name)
	if r.Game != nil {
		to <- prometheus.MustNewConstMetric(avatars, prometheus.GaugeValue, float64(r.Game.Avatars), r.Name)
	}
	if r.Gate == nil {
		return
	}
	to <- prometheus.MustNewConstMetric(sessions, prometheus.GaugeValue, float64(r.Gate.Sessions), r.Name)
	to <- prometheus.MustNewConstMetric(refused, prometheus.CounterValue, float64(r.Gate.Refused), r.Name)
	var sum [6]uint64
	for _, sh := range r.Shards {
		k := &sh.Counters
		for i, n := range []uint64{k.Forged, k.Replayed, k.Nonsense, k.Strays, k.BadCookies, k.Invalid} {
			sum[i] += n
		}
	}
	for i, why := range []string{"forged", "replayed", "nonsense", "stray", "cookie", "invalid"} {
		to <- prometheus.MustNewConstMetric(forged, prometheus.CounterValue, float64(sum[i]), r.Name, why)
	}
}
