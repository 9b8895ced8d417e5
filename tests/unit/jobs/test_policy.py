import pytest

from renderio_box.jobs.command_line import InvalidCommandError, parse

IN = "-i {{in_v}}"
OUT = "{{out_v}}"
GRAPH = "-f lavfi -i"

READING = [
    ("-i /etc/passwd {{out_v}}", "-i names '/etc/passwd'"),
    ("-i //etc/passwd {{out_v}}", "-i names '//etc/passwd'"),
    ("-i file:/etc/passwd {{out_v}}", "-i names 'file:/etc/passwd'"),
    ("-i file:///etc/passwd {{out_v}}", "-i names 'file:///etc/passwd'"),
    ("-i file:../x.mp4 {{out_v}}", "-i names 'file:../x.mp4'"),
    ("-i ../x.mp4 {{out_v}}", "-i names '../x.mp4'"),
    ("-i a/../../x.mp4 {{out_v}}", "-i names 'a/../../x.mp4'"),
    ("-i ./../x.mp4 {{out_v}}", "-i names './../x.mp4'"),
    ("-i {{in_v}}/../../x {{out_v}}", "-i names '{{in_v}}/../../x'"),
    ("-i ~/x.mp4 {{out_v}}", "-i names '~/x.mp4'"),
    ("-i ~root/x.mp4 {{out_v}}", "-i names '~root/x.mp4'"),
    ("-i /proc/self/environ {{out_v}}", "-i names '/proc/self/environ'"),
    ("-i /dev/video0 {{out_v}}", "-i names '/dev/video0'"),
    ("-i /dev/../etc/passwd {{out_v}}", "-i names '/dev/../etc/passwd'"),
    ("-i /usr/share/fonts/../../x {{out_v}}", "-i names '/usr/share/fonts/../../x'"),
    ("-i /tmp/x.mp4 {{out_v}}", "-i names '/tmp/x.mp4'"),
    ("-i '/a b.mp4' {{out_v}}", "-i names '/a b.mp4'"),
    ("-i http://example.org/v.mp4 {{out_v}}", "-i names 'http://example.org/v.mp4'"),
    ("-i HTTPS://example.org/v.mp4 {{out_v}}", "-i names 'HTTPS://example.org/v.mp4'"),
    ("-i rtmp://example.org/live {{out_v}}", "-i names 'rtmp://example.org/live'"),
    ("-i rtsp://example.org/live {{out_v}}", "-i names 'rtsp://example.org/live'"),
    ("-i s3://bucket/v.mp4 {{out_v}}", "-i names 's3://bucket/v.mp4'"),
    ("-i tcp:127.0.0.1:80 {{out_v}}", "-i names 'tcp:127.0.0.1:80'"),
    ("-i unix:/run/docker.sock {{out_v}}", "-i names 'unix:/run/docker.sock'"),
    ("-i crypto:/etc/passwd {{out_v}}", "-i names 'crypto:/etc/passwd'"),
    ("-i crypto+http://example.org/v {{out_v}}", "-i names 'crypto+http://example.org/v'"),
    ("-i cache:file:/etc/passwd {{out_v}}", "-i names 'cache:file:/etc/passwd'"),
    ("-i async:http://example.org/v {{out_v}}", "-i names 'async:http://example.org/v'"),
    ("-i subfile,,start,0,end,9,,:/etc/passwd {{out_v}}", "-i names 'subfile,,start,0"),
    ("-i 'concat:{{in_v}}|/etc/passwd' {{out_v}}", "-i names 'concat:{{in_v}}|/etc/passwd'"),
    ("""-i "concat:a.ts|'/etc/passwd'" {{out_v}}""", "-i names "),
    ("-i concatf:{{in_v}} {{out_v}}", "-i names 'concatf:{{in_v}}'"),
    ("-i shared:file:{{in_v}} {{out_v}}", "-i names 'shared:file:{{in_v}}'"),
    ("-i - {{out_v}}", "-i - reads FFmpeg's standard input"),
    ("-i pipe: {{out_v}}", "-i pipe: reads FFmpeg's standard input"),
    ("-i pipe:9 {{out_v}}", "-i names 'pipe:9'"),
    ("-i fd:9 {{out_v}}", "-i names 'fd:9'"),
    ("-f concat -safe 0 -i /x.txt {{out_v}}", "-i names '/x.txt'"),
    ("-f image2 -pattern_type glob -i '/x/*.png' {{out_v}}", "-i names '/x/*.png'"),
    ("-f x11grab -i :0.0 {{out_v}}", "-f x11grab is a device"),
    ("-f V4L2 -i x {{out_v}}", "-f v4l2 is a device"),
    ("-f alsa -i default {{out_v}}", "-f alsa is a device"),
    ("-f sdp -i {{in_v}} {{out_v}}", "-f sdp is for the network"),
    ("-f avisynth -i {{in_v}} {{out_v}}", "-f avisynth runs a script"),
]
WRITING = [
    (f"{IN} /srv/x.mp4", "An output names '/srv/x.mp4'"),
    (f"{IN} ../x.mp4", "An output names '../x.mp4'"),
    (f"{IN} file:/srv/x.mp4", "An output names 'file:/srv/x.mp4'"),
    (f"{IN} rtmp://example.org/live", "An output names 'rtmp://example.org/live'"),
    (f"{IN} -f mpegts udp://127.0.0.1:1", "An output names 'udp://127.0.0.1:1'"),
    (f"{IN} -f mpegts srt://h:1", "An output names 'srt://h:1'"),
    (f"{IN} -f mpegts icecast://h/x", "An output names 'icecast://h/x'"),
    (f"{IN} -f mpegts md5:/srv/x", "An output names 'md5:/srv/x'"),
    (f"{IN} -f mpegts 'tee:a.ts|/srv/x.ts'", "An output names 'tee:a.ts|/srv/x.ts'"),
    (f"{IN} -f mpegts unix:/x.sock", "An output names 'unix:/x.sock'"),
    (f"{IN} -f mpegts pipe:3", "An output names 'pipe:3'"),
    (f"{IN} -f rtp rtp://h:1", "-f rtp is for the network"),
    (f"{IN} -f fbdev /dev/fb0", "-f fbdev is a device"),
    (f"{IN} -f sdl2 x", "-f sdl2 is a device"),
    (f"{IN} -- /srv/x.mp4", "An output names '/srv/x.mp4'"),
    (f"{IN} {OUT} http://example.org/x", "An output names 'http://example.org/x'"),
    (f"{IN} -f tee 'a.mp4|[f=mpegts]udp://h:1'", "An output of -f tee names 'udp://h:1'"),
    (f"{IN} -f tee '[f=flv]/srv/a.flv|b.mp4'", "An output of -f tee names '/srv/a.flv'"),
    (f"{IN} -f tee '[f=rtp]x|b.mp4'", "-f rtp is for the network"),
    (
        f"{IN} -f tee '[f=hls:hls_segment_filename=/srv/s%d.ts]a.m3u8'",
        "-hls_segment_filename names '/srv/s%d.ts'",
    ),
]
OPTIONS = [
    (f"{IN} -filter_script:v /x {OUT}", "-filter_script:v names '/x'"),
    (f"{IN} -filter_complex_script ../x {OUT}", "-filter_complex_script names '../x'"),
    (f"{IN} -/filter:v /x {OUT}", "-/filter:v names '/x'"),
    (f"{IN} -/metadata /app.env {OUT}", "-/metadata names '/app.env'"),
    (f"{IN} -attach /etc/passwd {OUT}", "-attach names '/etc/passwd'"),
    (f"-dump_attachment:t /srv/x {IN} {OUT}", "-dump_attachment:t names '/srv/x'"),
    (f"{IN} -vstats_file /x {OUT}", "-vstats_file names '/x'"),
    (f"-progress http://h/x {IN} {OUT}", "-progress names 'http://h/x'"),
    (f"{IN} -sdp_file /x {OUT}", "-sdp_file names '/x'"),
    (f"{IN} -pass 1 -passlogfile /tmp/log {OUT}", "-passlogfile names '/tmp/log'"),
    (f"{IN} -fpre /x.ffpreset {OUT}", "-fpre names '/x.ffpreset'"),
    (f"{IN} -vpre /x {OUT}", "-vpre names '/x'"),
    (f"{IN} -stats_enc_pre /x {OUT}", "-stats_enc_pre names '/x'"),
    (f"{IN} -stats_mux_pre:v ../x {OUT}", "-stats_mux_pre:v names '../x'"),
    (f"-print_graphs_file /x {IN} {OUT}", "-print_graphs_file names '/x'"),
    (f"{IN} -hls_segment_filename /tmp/%d.ts {OUT}", "-hls_segment_filename names '/tmp/%d.ts'"),
    (f"{IN} -hls_key_info_file /x {OUT}", "-hls_key_info_file names '/x'"),
    (f"{IN} -hls_fmp4_init_filename ../i.mp4 {OUT}", "-hls_fmp4_init_filename names"),
    (f"{IN} -master_pl_name ../m.m3u8 {OUT}", "-master_pl_name names '../m.m3u8'"),
    (f"{IN} -f segment -segment_list /x.csv o%d.ts", "-segment_list names '/x.csv'"),
    (f"{IN} -f dash -init_seg_name ../i.m4s {OUT}", "-init_seg_name names '../i.m4s'"),
    (f"{IN} -f dash -media_seg_name /c$Number$.m4s {OUT}", "-media_seg_name names"),
    (f"-f vobsub -sub_name /x {IN} {OUT}", "-sub_name names '/x'"),
    (f"-f imf -assetmaps a.xml,/x.xml {IN} {OUT}", "-assetmaps names '/x.xml'"),
    (f"-http_proxy http://h:1 {IN} {OUT}", "-http_proxy http://h:1 is for the network"),
    (f"{IN} -listen 1 {OUT}", "-listen 1 is for the network"),
    (f"-gateway http://h {IN} {OUT}", "-gateway http://h is for the network"),
    (f"-ca_file /x {IN} {OUT}", "-ca_file names '/x'"),
    (f"{IN} -x264-params stats=/x {OUT}", "stats in -x264-params names '/x'"),
    (f"{IN} -x264-params keyint=9:dump-yuv=/x {OUT}", "dump-yuv in -x264-params names '/x'"),
    (f"{IN} -x264opts qpfile=../x {OUT}", "qpfile in -x264opts names '../x'"),
    (f"{IN} -x265-params csv='/x y' {OUT}", "csv in -x265-params names '/x y'"),
    (f"{IN} -x265-params \"a=1:csv='/x'\" {OUT}", "csv in -x265-params names '/x'"),
    (f"{IN} -svtav1-params fgs-table=/x {OUT}", "fgs-table in -svtav1-params names '/x'"),
    (f"{IN} -aom-params film-grain-table=/x {OUT}", "film-grain-table in -aom-params names '/x'"),
    (f"{IN} -kvazaar-params qp=9,cqmfile=/x {OUT}", "cqmfile in -kvazaar-params names '/x'"),
]
GRAPHS = [
    (f"{GRAPH} movie=/x {OUT}", "movie in -i names '/x'"),
    (f"{GRAPH} amovie=filename=/x {OUT}", "amovie in -i names '/x'"),
    (f"{GRAPH} 'movie=http\\\\://h/x' {OUT}", "movie in -i names 'http://h/x'"),
    (f"{GRAPH} movie=x:f=v4l2 {OUT}", "movie in -i v4l2 is a device"),
    (f"{IN} -vf movie=/x[m];[in][m]overlay {OUT}", "movie in -vf names '/x'"),
    (f'{IN} -vf "null , movie@logo = /x [m]" {OUT}', "movie in -vf names '/x'"),
    (f"{IN} -vf movie='/x' {OUT}", "movie in -vf names '/x'"),
    (f"{IN} -vf \"movie='/x'\" {OUT}", "movie in -vf names '/x'"),
    (f"{IN} -vf movie=\\/x {OUT}", "movie in -vf names '/x'"),
    (f'{IN} -vf "movie=\\\\\\\\/x" {OUT}', "movie in -vf names '/x'"),
    (f"{IN} -vf movie=fi''lename=/x {OUT}", "movie in -vf names '/x'"),
    (f"{IN} -filter:v:0 movie=/x {OUT}", "movie in -filter:v:0 names '/x'"),
    (f"{IN} -filter_complex [0]null;movie=/x[a] {OUT}", "movie in -filter_complex names '/x'"),
    (f"{IN} -lavfi movie=../../x {OUT}", "movie in -lavfi names '../../x'"),
    (f"{IN} -vf subtitles=/x.srt {OUT}", "subtitles in -vf names '/x.srt'"),
    (f"{IN} -vf subtitles={{{{in_v}}}}:fontsdir=/x {OUT}", "subtitles in -vf names '/x'"),
    (f"{IN} -vf ass=~/x.ass {OUT}", "ass in -vf names '~/x.ass'"),
    (f"{IN} -vf drawtext=textfile=/x {OUT}", "drawtext in -vf names '/x'"),
    (f"{IN} -vf drawtext=/text=/x {OUT}", "drawtext in -vf names '/x'"),
    (f"{IN} -vf drawtext=fontfile=/root/x.ttf:text=a {OUT}", "drawtext in -vf names"),
    (f"{IN} -vf lut3d=/x.cube {OUT}", "lut3d in -vf names '/x.cube'"),
    (f"{IN} -vf curves=psfile=/x {OUT}", "curves in -vf names '/x'"),
    (f"{IN} -vf vidstabdetect=result=/x {OUT}", "vidstabdetect in -vf names '/x'"),
    (f"{IN} -vf vidstabtransform=/x {OUT}", "vidstabtransform in -vf names '/x'"),
    (f"{IN} -lavfi psnr=stats_file=/x {OUT}", "psnr in -lavfi names '/x'"),
    (f"{IN} -lavfi ssim=/x {OUT}", "ssim in -lavfi names '/x'"),
    (f"{IN} -lavfi libvmaf=log_path=/x {OUT}", "libvmaf in -lavfi names '/x'"),
    (f"{IN} -lavfi libvmaf=model=path=/x {OUT}", "libvmaf in -lavfi names '/x'"),
    (
        f"{IN} -lavfi libvmaf=model='version=a|path=/x\\:name=b' {OUT}",
        "libvmaf in -lavfi names '/x'",
    ),
    (f"{IN} -af arnndn=m=/x {OUT}", "arnndn in -af names '/x'"),
    (f"{IN} -vf removelogo=/x {OUT}", "removelogo in -vf names '/x'"),
    (f"{IN} -vf metadata=print:file=/x {OUT}", "metadata in -vf names '/x'"),
    (f"{IN} -vf sendcmd=f=/x {OUT}", "sendcmd in -vf names '/x'"),
    (f"{IN} -af ametadata=print:file=http\\\\://h/x {OUT}", "ametadata in -af names 'http://h/x'"),
    (f"{IN} -af whisper=destination=http\\\\://h/x {OUT}", "whisper in -af names 'http://h/x'"),
    (f"{IN} -af ladspa=file={{{{in_v}}}}:p=x {OUT}", "ladspa in -af would load '{{in_v}}'"),
    (f"{IN} -af ladspa=/x.so:p=x {OUT}", "ladspa in -af would load '/x.so'"),
    (f"{IN} -vf frei0r=../../{{{{in_v}}}} {OUT}", "frei0r in -vf would load '../../{{in_v}}'"),
    (f"{IN} -vf frei0r=filter_name=a/b {OUT}", "frei0r in -vf would load 'a/b'"),
    (f"{IN} -vf zmq {OUT}", "zmq in -vf listens"),
    (f"{IN} -af azmq=b=tcp\\\\://*\\\\:1 {OUT}", "azmq in -af listens"),
]

HONEST = [
    "-vaapi_device /dev/dri/renderD128 -i {{in_v}} -vf format=nv12,hwupload -c:v h264_vaapi {{out_v}}",
    "-init_hw_device vaapi=va:/dev/dri/renderD128 -filter_hw_device va -i {{in_v}} {{out_v}}",
    "-hwaccel qsv -qsv_device /dev/dri/renderD128 -i {{in_v}} -c:v h264_qsv {{out_v}}",
    "-hwaccel vaapi -hwaccel_device /dev/dri/renderD128 -i {{in_v}} {{out_v}}",
    "-hwaccel cuda -hwaccel_device 0 -i {{in_v}} -vf scale_cuda=64:36 -c:v hevc_nvenc {{out_v}}",
    f"{IN} {OUT}",
    f"-y -ss 00:00:05 {IN} -t 10 -c copy {OUT}",
    f"-i clip.mp4 -i sub/clip.mp4 -i ./clip.mp4 {OUT}",
    f"-i a/../clip.mp4 {OUT}",
    f"-i file:clip.mp4 {OUT}",
    f"-i ~clip.mp4 -i a~/b.mp4 -i ..clip.mp4 -i a..b/c.. {OUT}",
    f"-i 'concat:{{{{in_v}}}}|{{{{in_w}}}}' -c copy {OUT}",
    f"-i 'concat:a.ts|b.ts' -c copy {OUT}",
    f"-i subfile,,start,0,end,100,,:{{{{in_v}}}} {OUT}",
    f"-i crypto:{{{{in_v}}}} {OUT}",
    f"-i data:text/plain;base64,Ly8uLi8uLg== {OUT}",
    f"-i data:text/plain,/../../.. {OUT}",
    f"-i 12:30.mp4 -i hls+best.mp4 -i a+b.mp4 {OUT}",
    f"-i img%03d.png {OUT}",
    f"-pattern_type glob -i '*.png' {OUT}",
    f"-f concat -safe 0 -i {{{{in_list}}}} -c copy {OUT}",
    f"-f concat -safe 0 -protocol_whitelist file,http,https,tcp,tls -i {{{{in_list}}}} {OUT}",
    f"-allowed_extensions ALL -f hls -i {{{{in_list}}}} {OUT}",
    f"-f s16le -i /dev/zero -t 1 {OUT}",
    f"-f rawvideo -s 4x4 -i /dev/urandom -t 1 {OUT}",
    f"-f ffmetadata -i {{{{in_meta}}}} {IN} -map_metadata 0 {OUT}",
    f"-hwaccel vaapi -hwaccel_device /dev/dri/renderD128 {IN} {OUT}",
    f"-init_hw_device vaapi=va:/dev/dri/renderD128 {IN} {OUT}",
    f"-user_agent Mozilla/5.0 -headers 'Referer: http://example.org/' {IN} {OUT}",
    f"-dump_attachment:t '' {IN} {OUT}",
    f"{IN} -f null -",
    f"{IN} -f null /dev/null",
    f"{IN} -c:v libx264 -pass 1 -passlogfile log -an -f null /dev/null",
    f"{IN} -pass 2 -passlogfile {{{{out_log}}}} {OUT}",
    f"{IN} -f framemd5 -",
    f"{IN} -f md5 md5: -f mpegts pipe:1 -f null pipe:2",
    f"{IN} -progress pipe:1 -progress - {OUT}",
    f"{IN} out%03d.png frames/out%03d.png",
    f"{IN} {{{{out_v}}}} -map 0:a {{{{out_a}}}}",
    f"{IN} -f segment -segment_time 5 -segment_list list.csv part%03d.mp4",
    f"{IN} -f hls -hls_segment_filename seg_%03d.ts -hls_base_url https://cdn/v/ {OUT}",
    f"{IN} -var_stream_map v:0,a:0 -master_pl_name m.m3u8 -hls_segment_filename %v/s%d.ts {OUT}",
    f"{IN} -hls_key_info_file {{{{in_key}}}} {OUT}",
    f"{IN} -f segment -segment_list_entry_prefix https://cdn/v/ -segment_list a.m3u8 a%d.ts",
    f"{IN} -f dash -init_seg_name init-$RepresentationID$.m4s -utc_timing_url https://t/ {OUT}",
    f"{IN} -f tee '[f=mp4]a.mp4|[f=mpegts:select=v]b.ts|{{{{out_v}}}}'",
    f"{IN} -attach {{{{in_font}}}} -metadata:s:t mimetype=font/ttf {OUT}",
    f"{IN} -attach /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf {OUT}",
    f"{IN} -metadata comment=http://example.org/a/../b {OUT}",
    f"{IN} -metadata title=/etc/passwd -metadata artist=~/me -metadata url=file:///x {OUT}",
    f"{IN} -metadata:s:a:0 language=eng -metadata title='../x' {OUT}",
    f"{IN} -r 30000/1001 -aspect 16/9 -time_base 1/25 -framerate 24000/1001 {OUT}",
    f"{IN} -map 0:v:0 -map 0:a:0? -disposition:v:0 attached_pic {OUT}",
    f"{IN} -x264-params keyint=60:min-keyint=60:scenecut=0 {OUT}",
    f"{IN} -x264-params stats=x264.log:deblock=-1,-1:psy-rd=1.0,0.15 {OUT}",
    f"{IN} -x264opts keyint=9:no-scenecut:zones=0,9,crf=9/10,19,q=5 {OUT}",
    f"{IN} -x265-params log-level=error:hdr10=1:master-display=G(1,2)B(3,4)L(5,6) {OUT}",
    f"{IN} -svtav1-params tune=0:film-grain=8 {OUT}",
    f"{IN} -vpre medium -preset slow -profile:v high {OUT}",
    f"{IN} -/filter:v graph.txt {OUT}",
    f"{IN} -filter_complex_script {{{{in_graph}}}} {OUT}",
    f"{IN} -vstats_file stats.log -sdp_file x.sdp {OUT}",
    f"{IN} -bsf:v h264_metadata=sample_aspect_ratio=4/3 {OUT}",
    f"{GRAPH} testsrc=duration=5:size=320x180:rate=30000/1001 {OUT}",
    f"{GRAPH} color=c=red:s=64x64:d=1 {GRAPH} anullsrc=r=44100:cl=stereo {OUT}",
    f"{GRAPH} 'sine=frequency=1000:duration=5,volume=1/4' {OUT}",
    f'{GRAPH} "aevalsrc=0.1*sin(2*PI*(360-2.5/2)*t)/2:d=1" {OUT}',
    f"{GRAPH} nullsrc,geq=r='X/W':g='Y/H':b=0 {OUT}",
    f"{GRAPH} movie={{{{in_v}}}}:loop=0 {OUT}",
    f"{GRAPH} movie=testsrc:f=lavfi {OUT}",
    f"{IN} -vf movie={{{{in_logo}}}}[l];[in][l]overlay=W-w-10:H-h-10 {OUT}",
    f"{IN} -vf movie=logo.png,scale=iw/2:-1[l];[in][l]overlay {OUT}",
    f"{IN} -vf subtitles={{{{in_srt}}}} {OUT}",
    f"{IN} -vf subtitles=sub.srt:fontsdir=.:force_style='FontName=A/B,Outline=1' {OUT}",
    f"{IN} -vf subtitles={{{{in_srt}}}}:fontsdir=/usr/share/fonts {OUT}",
    f"{IN} -vf subtitles={{{{in_srt}}}}:fontsdir=/usr/share/fonts/truetype/ {OUT}",
    f"{IN} -vf ass={{{{in_ass}}}}:shaping=simple {OUT}",
    f"{IN} -vf drawtext=text='http\\\\://example.org/a' {OUT}",
    f"{IN} -vf \"drawtext=text='/etc/passwd'\" {OUT}",
    f"{IN} -vf drawtext=textfile={{{{in_txt}}}}:fontfile={{{{in_font}}}} {OUT}",
    f"{IN} -vf drawtext=fontfile=/usr/share/fonts/truetype/x/X.ttf:text=Hi {OUT}",
    f"{IN} -vf drawtext=fontfile=/usr/local/share/fonts/X.ttf:text=Hi {OUT}",
    f"{IN} -vf drawtext=fontfile=C\\\\:/Windows/Fonts/arial.ttf:text=Hi {OUT}",
    f"{IN} -vf drawtext=text='%{{localtime\\:%H\\\\\\:%M}}':x=(w-tw)/2:y=h-th-10 {OUT}",
    f"{IN} -vf lut3d={{{{in_cube}}}},curves=preset=vintage {OUT}",
    f"{IN} -vf vidstabdetect=shakiness=5:result=t.trf -f null -",
    f"{IN} -vf vidstabtransform=input=t.trf:smoothing=30 {OUT}",
    f"{IN} -lavfi ssim=stats_file=ssim.log;psnr=- -f null -",
    f"{IN} -lavfi libvmaf=log_path=v.json:model=version=vmaf_v0.6.1 -f null -",
    f"{IN} -vf metadata=mode=print:file={{{{out_v}}}} -f null -",
    f"{IN} -vf metadata=print:file=- -af ametadata=print:file=/dev/stderr -f null -",
    f"{IN} -vf metadata=add:key=url:value=/a/../b {OUT}",
    f"{IN} -af sofalizer=sofa={{{{in_sofa}}}} -vf frei0r=glow:0.5 {OUT}",
    f"{IN} -af ladspa=tap_reverb:tap_reverb,lv2=plugin=http\\\\://calf.org/plugins/Gate {OUT}",
    f"{IN} -vf select='gt(scene,0.4)',scale=-2:720,fps=30000/1001 {OUT}",
    f"{IN} -vf crop=iw/2:ih/2,setdar=16/9,setsar=1/1,pad=ih*16/9:ih:(ow-iw)/2:0 {OUT}",
    f"{IN} -filter_complex sws_flags=bicubic;[0:v]split[a][b];[a][b]hstack[v] -map [v] {OUT}",
    f"{IN} -af pan=stereo|c0=c0|c1=c1,atempo=4/3,aecho=0.8:0.9:1000:0.3 {OUT}",
    f"{IN} -vf ]];,=[ {OUT}",
    f"{IN} -vf '' -af : {OUT}",
    "-version",
    "out.mp4 -i",
    f"{IN} {OUT} -attach",
]


@pytest.mark.parametrize(("command", "named"), [*READING, *WRITING, *OPTIONS, *GRAPHS])
def test_what_reaches_outside_is_refused_naming_the_argument(command: str, named: str) -> None:
    with pytest.raises(InvalidCommandError) as refusal:
        parse(command)

    assert str(refusal.value).startswith(named)
    assert (str(refusal.value)[-1], refusal.value.loc) == (".", ("ffmpeg_command",))


@pytest.mark.parametrize("command", HONEST)
def test_an_honest_command_passes(command: str) -> None:
    assert parse(command)


def test_both_tables_are_of_some_size() -> None:
    refused = [*READING, *WRITING, *OPTIONS, *GRAPHS]

    assert (len({*refused}) >= 120, len({*HONEST}) >= 90) == (True, True)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "-i /etc/passwd {{out_v}}",
            (
                "-i names '/etc/passwd', which is an absolute path; declare the file in input_files"
                " and write {{in_…}} in its place."
            ),
        ),
        (
            "-i {{in_v}} ftp://h/x",
            (
                "An output names 'ftp://h/x', which is on the network; write to a bare file name, or"
                " declare the file in output_files and write {{out_…}} in its place."
            ),
        ),
        (
            "-i {{in_v}} -vf lut3d=../x {{out_v}}",
            (
                "lut3d in -vf names '../x', which leads out of the command's own directory; use a"
                " declared file's placeholder in its place, or a bare file name."
            ),
        ),
        (
            "-f pulse -i default {{out_v}}",
            (
                "-f pulse is a device of the machine, which a command cannot reach; name a format of"
                " files."
            ),
        ),
    ],
)
def test_the_message_says_what_is_wrong_and_what_to_write(command: str, message: str) -> None:
    with pytest.raises(InvalidCommandError) as refusal:
        parse(command)

    assert str(refusal.value) == message


def test_a_very_long_name_is_shortened_in_the_message() -> None:
    with pytest.raises(InvalidCommandError) as refusal:
        parse(f"-i /{'x' * 9000} {{{{out_v}}}}")

    assert len(str(refusal.value)) < 250


def test_what_stands_behind_one_file_does_not_speak_for_the_next() -> None:
    with pytest.raises(InvalidCommandError, match="-i names '/x'"):
        parse("-f lavfi -i testsrc -i /x {{out_v}}")
