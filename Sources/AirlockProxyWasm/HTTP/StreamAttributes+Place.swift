extension StreamAttributes {
    /// Where a stream came in and where it goes, as the server's configuration has it. Filters read it under `xds.` and, as older ones do,
    /// under the names alone.
    public struct Place: Sendable, Hashable {
        /// Which way a listener's traffic flows.
        public enum Direction: Int, Sendable, Hashable {
            /// Nothing was said about it.
            case unspecified = 0
            /// From other hosts to this one.
            case inbound = 1
            /// From this host to others.
            case outbound = 2
        }

        /// The direction of the listener's traffic (`xds.listener_direction`).
        public var listenerDirection: Direction
        /// The listener's metadata (`xds.listener_metadata.filter_metadata.<namespace>.<key>`).
        public var listenerMetadata: Metadata
        /// The name of the listener's filter chain (`xds.filter_chain_name`).
        public var filterChainName: String
        /// The virtual host's name (`xds.virtual_host_name`).
        public var virtualHostName: String?
        /// The virtual host's metadata (`xds.virtual_host_metadata.filter_metadata.<namespace>.<key>`).
        public var virtualHostMetadata: Metadata
        /// The route's metadata (`xds.route_metadata.filter_metadata.<namespace>.<key>`).
        public var routeMetadata: Metadata
        /// The upstream's metadata (`xds.cluster_metadata.filter_metadata.<namespace>.<key>`).
        public var clusterMetadata: Metadata
        /// The stream's own metadata, "dynamic metadata" (`metadata.filter_metadata.<namespace>.<key>`).
        public var dynamicMetadata: Metadata

        /// Describes a place; what is left out is absent for filters.
        public init(
            listenerDirection: Direction = .unspecified,
            listenerMetadata: Metadata = [:],
            filterChainName: String = "",
            virtualHostName: String? = nil,
            virtualHostMetadata: Metadata = [:],
            routeMetadata: Metadata = [:],
            clusterMetadata: Metadata = [:],
            dynamicMetadata: Metadata = [:]
        ) {
            self.listenerDirection = listenerDirection
            self.listenerMetadata = listenerMetadata
            self.filterChainName = filterChainName
            self.virtualHostName = virtualHostName
            self.virtualHostMetadata = virtualHostMetadata
            self.routeMetadata = routeMetadata
            self.clusterMetadata = clusterMetadata
            self.dynamicMetadata = dynamicMetadata
        }
    }

    /// Shared by copies of the attributes, which a server makes for each stream.
    final class PlaceBox: Sendable {
        let place: Place
        static let nowhere = PlaceBox(Place())

        init(_ place: Place) {
            self.place = place
        }
    }
}
